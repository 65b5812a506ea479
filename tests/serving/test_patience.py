"""Bodies that come slowly, on a clock that is turned by hand."""

import asyncio

import pytest

from serving import body
from serving.errors import ApiError
from serving.patience import LOOK_SECONDS, Patience
from tests.virtual_loop import run

PART = {"type": "http.request", "body": b"a", "more_body": True}
LAST = {"type": "http.request", "body": b"b", "more_body": False}


def reading(parts, pause):
    """A body whose parts come after so many seconds each; then nothing comes."""
    left = list(parts)

    async def receive():
        await asyncio.sleep(pause)
        return left.pop(0) if left else await asyncio.Event().wait()

    return body.read({}, receive, 3)


@pytest.mark.parametrize("parts", [[], [PART]])
def test_a_body_that_does_not_come_is_given_up_in_time_and_its_connection_closed(parts):
    async def scenario(loop):
        with pytest.raises(ApiError) as caught:
            await Patience().read(reading(parts, 0.1), seconds=2)
        return caught.value, loop.time()

    error, ended = run(scenario)
    assert (error.status, error.code) == (504, "deadline_exceeded")
    assert error.headers["Connection"] == "close"
    assert 2 <= ended <= 2 + 2 * LOOK_SECONDS


def test_a_body_that_comes_in_parts_within_its_time_is_read():
    async def scenario(_):
        return await Patience().read(reading([PART, LAST], 0.8), seconds=2)

    assert run(scenario) == b"ab"


def test_one_that_is_slow_does_not_end_another():
    async def scenario(_):
        patience = Patience()
        slow = patience.read(reading([], 0.1), seconds=1)
        other = patience.read(reading([PART, LAST], 1.5), seconds=9)
        return await asyncio.gather(slow, other, return_exceptions=True)

    error, read = run(scenario)
    assert error.status == 504
    assert read == b"ab"


def test_a_request_that_was_given_up_for_another_cause_is_just_that():
    async def scenario(_):
        task = asyncio.ensure_future(Patience().read(reading([], 0.1), seconds=9))
        await asyncio.sleep(1)
        task.cancel()
        return await asyncio.gather(task, return_exceptions=True)

    (error,) = run(scenario)
    assert isinstance(error, asyncio.CancelledError)
