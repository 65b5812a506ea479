"""Work that is too long for one turn of the event loop: a slice a turn.

Slices hold the interpreter, in whatever thread they run. So large bodies take turns with all else
that the loop has to do, and one of them is at work at a time: a turn has one slice of them all.
"""

import asyncio
from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
# A pause after each slice but the last, and in the end what was made.
Slices = Generator[None, None, T]


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


def at_once(slices: Slices[T]) -> T:
    """Work without a pause."""
    while True:
        try:
            next(slices)
        except StopIteration as done:
            made: T = done.value
            return made
