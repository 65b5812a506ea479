"""The batcher, on an event loop whose clock is turned by hand: no test depends on speed."""

import asyncio

import pytest

from serving.batcher import Batcher, Limits
from tests.serving.batching import EXECUTOR, Model, make, settle
from tests.virtual_loop import run


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


def test_a_request_past_its_time_is_a_504_while_its_batch_still_runs_and_the_others_wait_on():
    async def scenario(loop):
        batcher = make(loop, Model(), seconds=5)
        hasty = asyncio.ensure_future(batcher.submit([1], timeout=0.5))
        patient = asyncio.ensure_future(batcher.submit([2]))
        (late,) = await settle(hasty)
        return late.status, loop.time(), await patient, loop.time()

    status, told, answer, answered = run(scenario)
    assert (status, answer, answered) == (504, [4], pytest.approx(5))
    assert 0.5 <= told < 0.6


def test_halves_in_which_nobody_waits_any_more_are_not_run_again():
    async def scenario(loop):
        model = Model()
        batcher = make(loop, model, seconds=1)
        asked = [["bad"], [1], [2], [3]]
        waiting = [asyncio.ensure_future(batcher.submit(rows)) for rows in asked]
        await asyncio.sleep(0.5)
        for left in waiting[2:]:
            left.cancel()
        await settle(*waiting)
        return model.runs

    assert run(scenario) == [["bad", 1, 2, 3], ["bad", 1], ["bad"], [1]]


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


def test_who_is_guilty_in_a_cheap_batch_is_found_out_in_the_thread():
    """A hundred guilty ones are hundreds of runs, and health routes wait for none of them."""

    async def scenario(loop):
        batcher = make(loop, Model(), seconds=0.25)
        learn_cheap(batcher)
        (alone,) = await settle(batcher.submit(["bad"]))
        at_once = loop.time()
        answers = await settle(*(batcher.submit([n]) for n in ("bad", 1, "bad", 2)))
        return alone, at_once, answers, loop.time()

    alone, at_once, answers, at = run(scenario)
    assert [isinstance(each, ValueError) for each in (alone, answers[0], answers[2])] == [True] * 3
    assert (answers[1], answers[3]) == ([2], [4])
    assert (at_once, at) == (0, 0.25)


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
