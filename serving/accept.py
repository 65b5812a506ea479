"""How many new connections a busy worker takes in one turn of its event loop.

libuv, on which uvloop stands, accepts one connection a turn and listening handle. When a turn has a
batch in it, that is a few hundred connections a second; if more come, they wait behind each other
in the socket's backlog, where nothing refuses them and no probe gets past. Several handles on the
same socket take as many a turn, and then the front says at once who is let in.
"""

import os
import socket
from typing import Any

import uvicorn

HANDLES = 16


def several_at_once() -> None:
    """Make every uvicorn server of this process listen with `HANDLES` handles a socket."""
    startup: Any = uvicorn.Server.startup
    if hasattr(startup, "handles"):
        return

    async def widened(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        more = [_another(each) for each in sockets or [] for _ in range(HANDLES - 1)]
        await startup(server, sockets=[*sockets, *more] if sockets else sockets)

    setattr(widened, "handles", HANDLES)  # noqa: B010 - a function has no such attribute for mypy
    setattr(uvicorn.Server, "startup", widened)  # noqa: B010 - nor may a method be replaced


def _another(listening: socket.socket) -> socket.socket:
    """Duplicate the handle. `socket.dup` would also let it block, and with it every worker's.

    For that is a property of the socket, which the workers share: one that was just about to accept
    would then wait in its event loop for somebody to connect.
    """
    return socket.socket(
        listening.family, listening.type, listening.proto, fileno=os.dup(listening.fileno())
    )
