"""A worker that loads listens only where no other could answer."""

import asyncio
import os
from types import SimpleNamespace

import pytest

from serving import door
from serving.door import Door

SOON = 0.3


@pytest.fixture(autouse=True)
def file(monkeypatch):
    monkeypatch.setenv("_TABENTO_DOOR", "")
    door.hang()
    yield
    os.close(int(os.environ["_TABENTO_DOOR"].rpartition("/")[2]))


def worker():
    """One that comes up; a real lock is held by the open file, so a process may hold several."""
    state = SimpleNamespace(loaded=False, ends=False)
    state.door = Door(lambda: state.loaded, lambda: state.ends)
    state.entered = asyncio.create_task(state.door.enter())
    return state


async def listens(*workers):
    await asyncio.sleep(SOON)
    return [each.entered.done() for each in workers]


async def one_that_can_answer_and_one_that_loads():
    old = worker()
    old.loaded = True
    assert await listens(old) == [True]
    new = worker()
    assert await listens(new) == [False]
    return old, new


def dies(each):
    each.entered.cancel()
    if each.door._sharing:
        each.door._sharing.cancel()
    os.close(each.door._file)


def test_of_those_that_start_together_one_listens_and_the_others_when_no_one_loads():
    async def run():
        first, second = worker(), worker()
        assert sorted(await listens(first, second)) == [False, True]
        opener, other = (first, second) if first.entered.done() else (second, first)
        other.loaded = True
        assert await listens(other) == [False]
        opener.loaded = True
        assert await listens(other) == [True]

    asyncio.run(run())


def test_beside_one_that_can_answer_it_listens_when_it_has_loaded():
    async def run():
        _, new = await one_that_can_answer_and_one_that_loads()
        new.loaded = True
        assert await listens(new) == [True]

    asyncio.run(run())


def test_when_the_last_that_could_answer_dies_one_that_loads_listens():
    async def run():
        old, new = await one_that_can_answer_and_one_that_loads()
        dies(old)
        assert await listens(new) == [True]

    asyncio.run(run())


def test_told_to_stop_it_waits_no_longer():
    async def run():
        _, new = await one_that_can_answer_and_one_that_loads()
        new.ends = True
        assert await listens(new) == [True]

    asyncio.run(run())


@pytest.mark.parametrize("name", [None, "/proc/self/fd/987654", "/nowhere"])
def test_without_a_supervisor_or_a_way_to_its_file_it_listens_at_once(file, name):
    async def run():
        assert await listens(worker()) == [True]

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("_TABENTO_DOOR") if name is None else patch.setenv("_TABENTO_DOOR", name)
        asyncio.run(run())
