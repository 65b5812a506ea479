"""Long work leaves turns of the event loop to others, and only one such work is done at a time."""

import asyncio
import gc
import re
from functools import partial
from weakref import WeakSet

import bentoml
import pytest

from models import sentiment
from serving.endpoint import TURN_BYTES, BodyLimits, Endpoint
from serving.room import Room
from serving.turns import ROWS, Turns, at_once, let_go_later


def slices(name, number, told):
    """Tell each slice; a pause between two."""
    for each in range(number):
        if each:
            yield
        told.append(name)
    return name * number


def together(*works):
    """Take all at once; what each gave."""

    async def scenario():
        turns = Turns()
        return await asyncio.gather(*[turns.take(work) for work in works])

    return asyncio.run(scenario())


async def others(told):
    while True:
        told.append("-")
        await asyncio.sleep(0)


def test_others_have_a_turn_between_two_slices():
    told: list[str] = []

    async def scenario():
        other = asyncio.create_task(others(told))
        await Turns().take(slices("a", 5, told))
        other.cancel()

    asyncio.run(scenario())
    assert "".join(told) == "a-a-a-a-a"


def test_work_of_one_slice_waits_for_nobody():
    told: list[str] = []

    assert together(slices("a", 3, told), slices("b", 1, told)) == ["aaa", "b"]
    assert told == ["a", "b", "a", "a"]


def test_of_short_works_that_come_together_others_have_a_turn_between_two():
    told: list[str] = []

    async def scenario():
        turns = Turns()
        other = asyncio.create_task(others(told))
        made = await asyncio.gather(*[turns.one(partial(told.append, each)) for each in "abcd"])
        other.cancel()
        return made

    assert asyncio.run(scenario()) == [None] * 4
    assert re.fullmatch("-*a-+b-+c-+d-*", "".join(told))


def test_short_work_that_fails_or_is_given_up_leaves_its_turn_to_the_next():
    told: list[str] = []

    async def scenario():
        turns = Turns()
        failing, leaving, last = [
            asyncio.create_task(turns.one(work))
            for work in (lambda: 1 / 0, partial(told.append, "never"), lambda: "made")
        ]
        await asyncio.sleep(0)
        leaving.cancel()
        return await asyncio.gather(failing, leaving, last, return_exceptions=True)

    failed, left, last = asyncio.run(scenario())
    assert (type(failed), type(left)) == (ZeroDivisionError, asyncio.CancelledError)
    assert (last, told) == ("made", [])


def test_one_long_work_is_done_at_a_time():
    told: list[str] = []
    together(*[slices(name, 4, told) for name in "abc"])

    assert "".join(told) == "abc" + "aaa" + "bbb" + "ccc"


def test_work_that_fails_or_is_given_up_leaves_the_turn_to_the_next():
    def fails():
        yield
        msg = "no"
        raise ValueError(msg)

    async def scenario():
        turns = Turns()
        with pytest.raises(ValueError, match="no"):
            await turns.take(fails())
        given_up = asyncio.create_task(turns.take(slices("a", 9, [])))
        await asyncio.sleep(0)
        given_up.cancel()
        return await turns.take(slices("b", 3, []))

    assert asyncio.run(scenario()) == "bbb"


def test_without_a_loop_the_slices_give_the_same():
    assert at_once(slices("a", 3, [])) == "aaa"


class Row:
    """Something that can be seen to be freed."""


def test_what_is_let_go_later_is_freed_a_part_in_each_turn():
    left = []

    async def scenario():
        rows = [Row() for _ in range(3 * ROWS)]
        alive = WeakSet(rows)
        let_go_later(rows[:ROWS], rows[ROWS:], [])
        del rows
        while alive:
            left.append(len(alive))
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert left == [3 * ROWS, 2 * ROWS, ROWS]


def test_the_collector_looks_at_few_objects_at_a_time_and_rarely_at_what_stays(client):
    young, middle, _ = gc.get_threshold()

    assert young <= 50_000
    assert young * middle >= 10_000_000


def test_nothing_can_be_let_go_later():
    async def scenario():
        failed = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: failed.append(told))
        let_go_later([], [])
        await asyncio.sleep(0)
        return failed

    assert asyncio.run(scenario()) == []


def test_of_large_bodies_of_json_that_come_together_one_is_read_in_each_turn(client):
    bundle = bentoml.get_current_service().bundle
    limits = BodyLimits(2**23, 0, Room(2**23))
    endpoint = Endpoint(sentiment, bundle, limits, direct=True)
    (wire,) = endpoint._wires.values()
    body = b'{"rows": [{"text": "good"}]%b}' % (b" " * (TURN_BYTES + 1))
    told: list[str] = []

    async def read():
        await endpoint._read(wire, body)
        told.append("a")

    async def scenario():
        other = asyncio.create_task(others(told))
        await asyncio.gather(*[read() for _ in range(4)])
        other.cancel()

    client.portal.call(scenario)
    assert re.fullmatch("-*a-+a-+a-+a-*", "".join(told))
