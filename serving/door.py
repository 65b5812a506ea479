"""Which worker listens while its models load: one, and only where no other could answer.

The workers share one listening socket, so a connection may go to any that listens. One that was
started in place of another would take requests and refuse them for as long as it loads, although
its neighbours could answer. It comes in later; but where nobody could answer, somebody has to say
that the service is alive and not ready.

A worker that can answer holds a shared lock on a file of the supervisor's, one that listens while
it loads an exclusive one. The system gives a lock back when its holder dies. The file is in memory:
nothing is left of it when the supervisor dies, and nobody who cleans up takes it away meanwhile.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress

_DOOR = "_TABENTO_DOOR"
_LOOK_S = 0.05


def hang() -> None:
    """Make the file, in the supervisor, which keeps it open; its workers inherit the name.

    Where the system has no such files, as macOS, each worker listens at once.
    """
    if hasattr(os, "memfd_create"):
        os.environ[_DOOR] = f"/proc/{os.getpid()}/fd/{os.memfd_create('tabento-door')}"


def _reach() -> int | None:
    """Open the file; None where there is none, or the system does not let this process reach it."""
    with suppress(KeyError, OSError):
        return os.open(os.environ[_DOOR], os.O_RDONLY)
    return None


class Door:
    """One worker's way in.

    Args:
        loaded: Whether its models are.
        ends: Whether it has been told to stop.
    """

    def __init__(self, loaded: Callable[[], bool], ends: Callable[[], bool]) -> None:
        self._loaded = loaded
        self._ends = ends
        # Without a supervisor there is no other worker.
        self._file = _reach()
        self._sharing: asyncio.Task[None] | None = None

    async def enter(self) -> None:
        """Return when this worker is to listen."""
        while self._file is not None and not self._ends():
            if self._loaded():
                if self._locks(fcntl.LOCK_SH):
                    return
            elif self._locks(fcntl.LOCK_EX):
                self._sharing = asyncio.create_task(self._share())
                return
            await asyncio.sleep(_LOOK_S)

    async def _share(self) -> None:
        """Let the others in as soon as the models are loaded."""
        while not (self._loaded() and self._locks(fcntl.LOCK_SH)):
            await asyncio.sleep(_LOOK_S)

    def _locks(self, how: int) -> bool:
        if self._file is not None:
            with suppress(BlockingIOError):
                fcntl.flock(self._file, how | fcntl.LOCK_NB)
                return True
        return False
