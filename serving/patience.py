"""How long is waited for a body: whoever sends a byte now and then must not keep a place for ever.

Almost every body is there when its head is, so each has no timer of its own: all that are being
read are looked at a few times a second.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

from serving.errors import ApiError

LOOK_SECONDS = 0.25


class Patience:
    """Gives up what takes too long. For one event loop."""

    def __init__(self) -> None:
        self._until: dict[asyncio.Task[Any], float] = {}
        self._given_up: set[asyncio.Task[Any]] = set()
        self._looking = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def read(self, reading: Coroutine[Any, Any, bytes], seconds: float) -> bytes:
        """Wait for a body for `seconds`, or a little longer.

        Raises:
            ApiError: 504 when it took longer.
        """
        loop = self._loop = self._loop or asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            return await reading
        self._until[task] = loop.time() + seconds
        if not self._looking:
            self._looking = True
            loop.call_later(LOOK_SECONDS, self._look, loop)
        try:
            return await reading
        except asyncio.CancelledError:
            if task not in self._given_up:
                raise
            self._given_up.remove(task)
            task.uncancel()
            raise _too_slow() from None
        finally:
            del self._until[task]

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, until in self._until.items():
            if now >= until and task not in self._given_up:
                self._given_up.add(task)
                task.cancel()
        self._looking = bool(self._until)
        if self._looking:
            loop.call_later(LOOK_SECONDS, self._look, loop)


def _too_slow() -> ApiError:
    return ApiError(
        504,
        "The body did not come within the request's time; send it again, or fewer rows.",
        headers={"Connection": "close"},
    )
