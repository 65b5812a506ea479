"""The body of a request: its type and size are checked before it is read, and while it is."""

from collections.abc import Mapping

from serving.asgi import Receive
from serving.errors import ApiError


class ClientGoneError(Exception):
    """The client closed the connection before its request was whole."""


async def read(headers: Mapping[bytes, bytes], receive: Receive, most: int) -> bytes:
    """Read a whole JSON body of at most `most` bytes.

    Raises:
        ApiError: 413 or 415.
        ClientGoneError: the rest never came.
    """
    check_content_type(headers)
    length = headers.get(b"content-length")
    if length is not None and int(length) > most:
        raise _too_large(most)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body", False):
        body = await _rest(body, receive, most)
    elif message["type"] == "http.disconnect":
        raise ClientGoneError
    if len(body) > most:
        raise _too_large(most)
    return body


async def _rest(start: bytes, receive: Receive, most: int) -> bytes:
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
        more = message.get("more_body", False)
    return b"".join(chunks)


def check_content_type(headers: Mapping[bytes, bytes]) -> None:
    """Take uncompressed JSON and nothing else.

    Raises:
        ApiError: 415.
    """
    given = headers.get(b"content-type", b"")
    if given != b"application/json" and (
        given.partition(b";")[0].strip().lower() != b"application/json"
    ):
        msg = "The body should be JSON, and say so: Content-Type: application/json."
        raise ApiError(415, msg)
    if headers.get(b"content-encoding", b"identity") != b"identity":
        msg = "The body should not be compressed."
        raise ApiError(415, msg)


def _too_large(most: int) -> ApiError:
    # The rest of the body is not read, so the connection can not be used again.
    return ApiError(
        413,
        f"The body is larger than {most} bytes; send fewer rows at once.",
        headers={"Connection": "close"},
    )
