"""An event loop whose clock is turned by hand, so that no test depends on speed."""

import asyncio
import heapq
from typing import Any

# Its type does not know what is turned by hand here.
LOOP: Any = asyncio.SelectorEventLoop


class VirtualLoop(LOOP):
    """Time passes only when nothing is left to do, and then jumps to the next timer."""

    def __init__(self):
        super().__init__()
        self._now = 0.0

    def time(self):
        return self._now

    def _run_once(self):
        if not self._ready and self._scheduled:
            self._now = max(self._now, heapq.nsmallest(1, self._scheduled)[0].when())
        super()._run_once()


def run(scenario):
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(asyncio.wait_for(scenario(loop), 3_600))
    finally:
        loop.close()
