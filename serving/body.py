"""The body of a request: its size is checked before it is read, and while it is."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from serving.asgi import Receive
from serving.errors import ApiError

T = TypeVar("T")


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole."""


def _unbounded(_: int) -> None:
    """Make room for any number of bytes."""


async def read(
    headers: Mapping[bytes, bytes],
    receive: Receive,
    most: int,
    make_room: Callable[[int], None] = _unbounded,
) -> bytes:
    """Read a whole body of at most `most` bytes.

    `make_room` is told how many bytes of a body that comes in pieces are to be kept.

    Raises:
        ApiError: 413; what `make_room` raises.
        ClientGoneError: the rest never came.
    """
    if declared(headers) > most:
        raise _too_large(most)
    return await _read(receive, most, make_room)


def declared(headers: Mapping[bytes, bytes]) -> int:
    """Bytes that the body says it has; 0 where it does not say."""
    # The parser has seen that these are digits; zeros before them may be many, and `int` takes few.
    return int(headers.get(b"content-length", b"").strip().lstrip(b"0") or 0)


async def _read(receive: Receive, most: int, make_room: Callable[[int], None]) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        body = await _rest(body, receive, most, make_room)
    elif message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > most:
        raise _too_large(most)
    return body


async def _rest(
    start: bytes, receive: Receive, most: int, make_room: Callable[[int], None]
) -> bytes:
    make_room(len(start))
    chunks = [start]
    size = len(start)
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            raise _too_large(most)
        make_room(len(chunks[-1]))
        more = message.get("more_body", False)
    return b"".join(chunks)


async def unless_gone(work: Coroutine[Any, Any, T], receive: Receive) -> T:
    """Do the work, but drop it when the client leaves meanwhile.

    Raises:
        ClientGoneError: it left.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGoneError
    finally:
        working.cancel()
        leaving.cancel()


def _too_large(most: int) -> ApiError:
    # The rest of the body is not read, so the connection can not be used again.
    return ApiError(
        413,
        f"The body is larger than {most} bytes; send fewer rows at once.",
        headers={"Connection": "close"},
    )
