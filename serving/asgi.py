"""The ASGI types, and the few things done with them in more than one place."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def respond(
    send: Send, status: int, body: bytes, *fields: tuple[bytes, bytes], end: bool = True
) -> None:
    """Write a whole answer; `fields` are its headers but for the length.

    Without `end` the client has all of it, but its next request is not read before `finish`.
    """
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [*fields, length]})
    await send({"type": "http.response.body", "body": body, "more_body": not end})


async def finish(send: Send) -> None:
    """End an answer that was written without its end."""
    await send({"type": "http.response.body", "body": b""})


def closing(send: Send) -> Send:
    """Have whatever is answered say that this connection is to be used no more."""

    async def and_close(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [field for field in message["headers"] if field[0].lower() != b"connection"]
            message["headers"] = [*kept, (b"connection", b"close")]
        await send(message)

    return and_close


def replay(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read already once more, then whatever else the server says."""
    left = [body]

    async def again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again
