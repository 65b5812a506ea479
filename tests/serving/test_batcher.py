"""The batcher, on an event loop whose clock is turned by hand: no test depends on speed."""

import asyncio
from concurrent.futures import Executor, Future
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batcher import Batcher, Limits
from serving.cost import Pace
from serving.errors import ApiError
from tests.virtual_loop import run

# Its type does not know what the tests turn by hand.
EXECUTOR: Any = Executor


class SlowThread(EXECUTOR):
    """Runs a batch when it ends: `seconds` of the loop's own time after it was handed over."""

    def __init__(self, loop, seconds):
        self.loop, self.seconds = loop, seconds

    def submit(self, work, /, *given):
        future: Future[Any] = Future()

        def end():
            try:
                future.set_result(work(*given))
            except Exception as error:
                future.set_exception(error)

        self.loop.call_later(self.seconds, end)
        return future


class Model:
    """Answers each row with its double; rows that are "bad" raise. Remembers every run."""

    def __init__(self):
        self.runs = []

    def predict(self, rows):
        self.runs.append(list(rows))
        if "bad" in rows:
            raise ValueError
        return [row * 2 for row in rows]


def make(loop, model, limits=None, seconds=0.0):
    return Batcher(model.predict, limits or Limits(), SlowThread(loop, seconds))


async def settle(*requests):
    return await asyncio.gather(*requests, return_exceptions=True)


def learn_cheap(batcher):
    """What a warm server knows: batches of any size are cheap."""
    for size in range(14):
        batcher._cost.learn(2**size, 0.0001)


def test_a_lone_request_starts_in_the_turn_in_which_it_came():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model)
        learn_cheap(batcher)
        answers = await batcher.submit([1, 2])
        return answers, loop.time()

    assert run(scenario) == ([2, 4], 0.0)


def test_what_comes_in_one_turn_is_one_batch():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model)
        learn_cheap(batcher)
        answers = await settle(*(batcher.submit([n]) for n in range(5)))
        return answers, model.runs

    assert run(scenario) == ([[0], [2], [4], [6], [8]], [[0, 1, 2, 3, 4]])


def test_while_a_batch_runs_the_next_one_gathers():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model, seconds=0.1)
        first = asyncio.ensure_future(batcher.submit([1]))
        await asyncio.sleep(0.01)
        others = [asyncio.ensure_future(batcher.submit([n])) for n in (2, 3, 4)]
        await settle(first, *others)
        return model.runs

    assert run(scenario) == [[1], [2, 3, 4]]


def test_a_batch_holds_no_more_rows_than_it_may():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model, Limits(batch_rows=4))
        await settle(*(batcher.submit([n, n]) for n in range(5)))
        return [len(rows) for rows in model.runs]

    assert run(scenario) == [4, 4, 2]


def test_a_request_larger_than_a_batch_is_run_whole():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model, Limits(batch_rows=4))
        return await batcher.submit(list(range(10))), model.runs

    assert run(scenario) == ([n * 2 for n in range(10)], [list(range(10))])


@pytest.mark.parametrize("n", [1, 2, 3, 8, 32, 100])
def test_one_guilty_request_fails_alone_and_costs_few_runs_more(n):
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model)
        guilty = n // 3
        answers = await settle(*(batcher.submit(["bad" if i == guilty else i]) for i in range(n)))
        return guilty, answers, len(model.runs)

    guilty, answers, runs = run(scenario)
    assert isinstance(answers.pop(guilty), ValueError)
    assert answers == [[i * 2] for i in range(n) if i != guilty]
    assert runs <= 1 + 2 * (n - 1).bit_length()


def test_a_full_queue_refuses_at_once_and_loses_nobody():
    async def scenario(loop):
        batcher = make(loop, Model(), Limits(queue_rows=4), seconds=0.1)
        first = asyncio.ensure_future(batcher.submit([0]))
        await asyncio.sleep(0.01)
        answers = await settle(*(batcher.submit([n, n]) for n in (1, 2, 3)))
        return await first, answers, loop.time()

    first, answers, _ = run(scenario)
    assert (first, answers[:2]) == ([0], [[2, 2], [4, 4]])
    assert (answers[2].status, answers[2].headers) == (503, {"Retry-After": "1"})


def test_what_has_waited_too_long_is_refused_while_the_batch_before_still_runs():
    async def scenario(loop):
        batcher = make(loop, Model(), Limits(wait_seconds=1.0), seconds=60)
        first = asyncio.ensure_future(batcher.submit([0]))
        await asyncio.sleep(0.01)
        (refused,) = await settle(batcher.submit([1]))
        at = loop.time()
        return refused, at, await first, batcher.queued_rows

    refused, at, first, left = run(scenario)
    assert (refused.status, refused.code) == (503, "overloaded")
    assert 1.0 < at < 1.2
    assert (first, left) == ([0], 0)


def test_a_request_past_its_time_is_a_504_and_is_never_started():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model, Limits(wait_seconds=100), seconds=5)
        first = asyncio.ensure_future(batcher.submit([0]))
        await asyncio.sleep(0.01)
        (late,) = await settle(batcher.submit([1], timeout=0.5))
        await first
        return late.status, model.runs

    assert run(scenario) == (504, [[0]])


def test_what_its_client_left_is_not_run():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model, seconds=1)
        first = asyncio.ensure_future(batcher.submit([0]))
        await asyncio.sleep(0.01)
        left = asyncio.ensure_future(batcher.submit([1]))
        stayed = asyncio.ensure_future(batcher.submit([2]))
        await asyncio.sleep(0.01)
        left.cancel()
        await settle(first, left, stayed)
        return model.runs

    assert run(scenario) == [[0], [2]]


def test_cheap_batches_run_on_the_loop_and_dear_ones_in_the_thread():
    async def scenario(loop):
        batcher = make(loop, Model(), seconds=0.25)
        learn_cheap(batcher)
        await batcher.submit([1])
        inline = loop.time()
        batcher._cost.learn(2**13, 100.0)
        await batcher.submit([1], weight=2**13)
        return inline, loop.time()

    assert run(scenario) == (0.0, 0.25)


def test_a_stop_refuses_what_waits_and_what_comes_and_answers_what_runs():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model, seconds=1)
        first = asyncio.ensure_future(batcher.submit([0]))
        await asyncio.sleep(0.01)
        waiting = asyncio.ensure_future(batcher.submit([1]))
        await asyncio.sleep(0.01)
        batcher.stop()
        (late,) = await settle(batcher.submit([2]))
        (refused,) = await settle(waiting)
        return await first, [refused.code, late.code], loop.time(), batcher.queued_rows, model.runs

    first, codes, _, left, runs = run(scenario)
    assert (first, codes, left, runs) == ([0], ["draining"] * 2, 0, [[0]])


def test_where_no_thread_takes_work_any_more_everybody_is_told_to_go_elsewhere():
    async def scenario(loop):
        batcher = Batcher(Model().predict, Limits(batch_rows=1), Ended())
        answers = await settle(*(batcher.submit([n]) for n in range(3)))
        return [(each.status, each.code) for each in answers], batcher.busy

    assert run(scenario) == ([(503, "draining")] * 3, False)


class Ended(EXECUTOR):
    """As a thread pool after its shutdown."""

    def submit(self, work, /, *given):
        msg = "cannot schedule new futures after shutdown"
        raise RuntimeError(msg)


def test_whoever_comes_behind_a_dear_batch_is_known_to_wait():
    async def scenario(loop):
        batcher = make(loop, Model(), Limits(batch_rows=4), seconds=1)
        before = batcher.waits(4)
        first = asyncio.ensure_future(batcher.submit([0] * 3))
        await asyncio.sleep(0)
        same_turn = batcher.waits(1), batcher.waits(2)
        await asyncio.sleep(0.01)
        during = batcher.waits(1)
        await first
        return before, same_turn, during, batcher.waits(1)

    assert run(scenario) == (False, (False, True), True, False)


def test_behind_cheap_batches_nobody_waits():
    async def scenario(loop):
        batcher = make(loop, Model(), Limits(batch_rows=4))
        learn_cheap(batcher)
        await batcher.submit([0])
        first = asyncio.ensure_future(batcher.submit([0] * 4))
        await asyncio.sleep(0)
        waits = batcher.waits(4)
        await first
        return waits

    assert not run(scenario)


@st.composite
def requests(draw):
    """When a request comes, what it holds, when its client leaves, and how long it may take."""
    size = draw(st.integers(1, 6))
    rows = draw(st.lists(st.integers(0, 999), min_size=size, max_size=size))
    return {
        "at": draw(st.floats(0, 3)),
        "rows": ["bad"] if draw(st.integers(0, 9)) == 0 else rows,
        "leaves": draw(st.one_of(st.none(), st.floats(0, 3))),
        "timeout": draw(st.floats(0.01, 5)),
    }


WAIT = 1
# A loop lets timers go so much before their time.
EARLY = 1e-6


async def client(batcher, request, limits, stop):
    """Ask once, and say whether what came of it was right."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(request["at"])
    seen: list[float] = []

    async def ask():
        seen.extend((loop.time(), batcher.queued_rows))
        return await batcher.submit(request["rows"], timeout=request["timeout"])

    work = asyncio.ensure_future(ask())
    if request["leaves"] is not None:
        loop.call_later(request["leaves"], work.cancel)
    try:
        return await work == [row * 2 for row in request["rows"]]
    except ValueError:
        return request["rows"] == ["bad"]
    except asyncio.CancelledError:
        return request["leaves"] is not None
    except ApiError as error:
        (started, before), now = seen, loop.time() + EARLY
        full = before and before + len(request["rows"]) > limits.queue_rows
        right = {
            "overloaded": full or now - started > WAIT,
            "draining": now >= stop,
            "deadline_exceeded": now >= started + request["timeout"],
        }
        return bool(right[error.code])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(requests(), min_size=1, max_size=30),
    st.floats(0, 1),
    st.integers(1, 8),
    st.integers(1, 20),
    st.floats(0.5, 6),
)
def test_every_request_is_answered_once_with_its_own_answer(asked, seconds, batch, queue, stop):
    """In any interleaving of arrival, failure, leaving, lateness, overload and shutdown.

    And refused only for its reason: the queue full or the wait over, its own time over, or the
    end. So a batcher that refuses more than it must fails here as well.
    """

    async def scenario(loop):
        model = Model()
        limits = Limits(batch, queue, wait_seconds=WAIT)
        batcher = make(loop, model, limits, seconds)
        batcher._pace = Pace(10**9)
        loop.call_later(stop, batcher.stop)
        right = await settle(*(client(batcher, request, limits, stop) for request in asked))
        await asyncio.sleep(10)
        return right, batcher, model

    right, batcher, model = run(scenario)
    assert right == [True] * len(asked)
    assert (batcher.queued_rows, batcher.busy, batcher.waits(0)) == (0, False, False)
    assert all(len(rows) <= max(batch, 6) for rows in model.runs)
