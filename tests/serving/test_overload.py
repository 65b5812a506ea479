"""Asked for more than it can do, the batcher does as much as it can, and says so to the others."""

import asyncio
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from serving.batcher import SWEEP_SECONDS, Batcher, Limits
from serving.errors import ApiError
from tests.virtual_loop import run

EXECUTOR: Any = Executor
LIMITS = Limits(batch_rows=32, queue_rows=512, wait_seconds=0.25)
SECONDS = 4.0


def cost(rows):
    """What a batch takes, in the loop's own time."""
    return 0.010 + 0.001 * rows


# Rows a second, where every batch is full.
CAPACITY = LIMITS.batch_rows / cost(LIMITS.batch_rows)


class Machine(EXECUTOR):
    """Runs a batch in the time that it costs."""

    def __init__(self, loop):
        self.loop = loop

    def submit(self, work, /, predict, batch):
        future: Future[Any] = Future()
        seconds = cost(sum(len(ticket.rows) for ticket in batch))
        self.loop.call_later(seconds, lambda: future.set_result(work(predict, batch)))
        return future


class Dear:
    """Nothing is so cheap that it runs on the loop."""

    def learn(self, weight, seconds): ...

    def seconds(self, weight):
        return float("inf")


def overload(times, limits=LIMITS):
    """Ask so many times what it can do, evenly; when each was asked, answered or refused."""
    asked: list[tuple[float, float, str]] = []
    codes: set[tuple[int, str, str]] = set()

    async def ask(loop, batcher):
        started = loop.time()
        try:
            await batcher.submit([1])
        except ApiError as error:
            codes.add((error.status, error.code, error.headers["Retry-After"]))
            asked.append((started, loop.time(), error.message))
        else:
            asked.append((started, loop.time(), ""))

    async def scenario(loop):
        batcher: Any = Batcher(list, limits, Machine(loop))
        batcher._cost = Dear()
        tasks = []
        while loop.time() < SECONDS:
            tasks.append(loop.create_task(ask(loop, batcher)))
            await asyncio.sleep(1 / (times * CAPACITY))
        await asyncio.gather(*tasks)
        return asked

    done = run(scenario)
    assert codes <= {(503, "overloaded", "1")}
    return done


@pytest.mark.parametrize("times", [2, 10])
def test_as_much_is_answered_as_can_be(times):
    answered = [end for _, end, refusal in overload(times) if not refusal]

    assert len(answered) / max(answered) >= 0.9 * CAPACITY


@pytest.mark.parametrize("times", [2, 10])
def test_who_is_answered_has_waited_no_longer_than_it_may(times):
    waited = [end - start for start, end, refusal in overload(times) if not refusal]

    # It may come into a batch as long as it may wait, and that batch takes its time.
    assert max(waited) <= LIMITS.wait_seconds + 2 * cost(LIMITS.batch_rows)


@pytest.mark.parametrize("times", [2, 10])
def test_who_would_wait_in_vain_is_told_at_once_as_soon_as_a_full_batch_was_timed(times):
    refused = [(start, end - start) for start, end, text in overload(times) if text]
    known = LIMITS.wait_seconds + SWEEP_SECONDS + 3 * cost(LIMITS.batch_rows)

    assert len(refused) > 100
    assert {seconds for start, seconds in refused if start > known} == {0}
    # Before that it is told when its wait is over.
    assert max(seconds for _, seconds in refused) <= known


def test_who_finds_the_queue_full_is_told_at_once():
    refused = [(end - start, text) for start, end, text in overload(10, Limits(32, 64, 60)) if text]

    assert len(refused) > 100
    assert {seconds for seconds, _ in refused} == {0}
    assert all("waiting already" in text for _, text in refused)


def test_below_what_it_can_do_nobody_is_refused():
    assert not [text for _, _, text in overload(0.9) if text]
