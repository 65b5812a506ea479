"""Work that is too long for one turn of the event loop: a slice a turn.

Slices hold the interpreter, in whatever thread they run. So large bodies take turns with all else
that the loop has to do, and one of them is at work at a time: a turn has one slice of them all.
"""

import asyncio
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
# A pause after each slice but the last, and in the end what was made.
Slices = Generator[None, None, T]
# Rows that are freed in one turn.
ROWS = 512


class Turns:
    """Shared by all models of a worker."""

    def __init__(self) -> None:
        self._one = asyncio.Lock()

    async def take(self, slices: Slices[T]) -> T:
        """Work; what has one slice only is done at once, and waits for nobody."""
        try:
            next(slices)
            async with self._one:
                while True:
                    await asyncio.sleep(0)
                    next(slices)
        except StopIteration as done:
            made: T = done.value
            return made

    async def one(self, work: Callable[[], T]) -> T:
        """Do what has one slice; of several that come together, one a turn."""
        async with self._one:
            await asyncio.sleep(0)
            return work()


def let_go(parts: list[Any]) -> Slices[None]:
    """Free one part a slice: what took long to make takes its time to free."""
    while parts:
        del parts[-1]
        if parts:
            yield


def let_go_later(*many: Sequence[Any]) -> None:
    """Free what these hold, when nobody else holds it any more, one part in each turn to come."""
    parts = [part for each in many for part in parts_of(each, ROWS)]
    loop, slices = asyncio.get_running_loop(), let_go(parts)

    def free() -> None:
        if next(slices, parts) is None:
            loop.call_soon(free)

    loop.call_soon(free)


def parts_of(whole: Sequence[T], size: int) -> list[Sequence[T]]:
    """Cut it, in order."""
    return [whole[start : start + size] for start in range(0, len(whole), size)]


def at_once(slices: Slices[T]) -> T:
    """Work without a pause."""
    while True:
        try:
            next(slices)
        except StopIteration as done:
            made: T = done.value
            return made
