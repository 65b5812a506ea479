"""Stands between BentoML and the server: good answers pass, errors leave in the one error body."""

from collections.abc import Iterable

import orjson

from serving import errors
from serving.asgi import Message, Scope, Send, respond
from serving.errors import ApiError
from serving.exchange import Exchange

# What BentoML says of itself: the server's name is nobody's business, and one request id is enough.
_DROPPED = (b"server", b"x-bentoml-request-id", b"x-bentoml-trace-id", b"x-request-id")
NOSNIFF = (b"x-content-type-options", b"nosniff")
_JSON = (b"content-type", b"application/json")
_ERROR, _SERVER_ERROR = 400, 500
# Starlette sends whoever asks with a slash too many elsewhere: to the host that the request names,
# and without TLS. That is no route, and is answered as such.
_ELSEWHERE = 307
_NOT_AS_IT_IS = "The request can not be answered as it is."
_KEPT = (b"allow", b"retry-after")


class Envelope:
    """Wraps `send` for one request that BentoML answers; `fields` are headers for every answer."""

    def __init__(
        self, send: Send, scope: Scope, here: Exchange, *fields: tuple[bytes, bytes]
    ) -> None:
        self._send = send
        self._fields = (NOSNIFF, *fields)
        self._scope = scope
        self._here = here
        self._head: Message = {}
        self._chunks: list[bytes] = []
        self.started = False

    @property
    def status(self) -> int:
        """What the client is told."""
        if self.error:
            return self.error.status
        return int(self._head.get("status", 500))

    @property
    def error(self) -> ApiError | None:
        """What an inner layer left, where it left anything."""
        return self._here.error

    async def send(self, message: Message) -> None:
        """Take one ASGI message."""
        if message["type"] == "http.response.start":
            self._head = message
            if message["status"] < _ERROR and message["status"] != _ELSEWHERE:
                await self._start(message)
        elif self.started:
            await self._send(message)
        else:
            self._chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._finish()

    async def _start(self, message: Message) -> None:
        self.started = True
        message["headers"] = [*_own(message["headers"]), self._here.field, *self._fields]
        await self._send(message)

    async def _finish(self) -> None:
        self.started = True
        if self._here.error is None:
            self._here.error = _translate(self._head["status"], b"".join(self._chunks), self._scope)
        error = self._here.error
        kept = [(name, value) for name, value in self._head["headers"] if name.lower() in _KEPT]
        given = {name.lower().encode() for name in error.headers}
        fields = [(name, value) for name, value in kept if name not in given]
        await refuse(self._send, error, self._here, *fields, *self._fields[1:])


async def refuse(
    send: Send, error: ApiError, here: Exchange, *fields: tuple[bytes, bytes], end: bool = True
) -> None:
    """Answer with an error; for `end` see `asgi.respond`."""
    own = [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    body = error.body(here.request_id)
    await respond(send, error.status, body, _JSON, here.field, NOSNIFF, *own, *fields, end=end)


def _own(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name.lower() not in _DROPPED]


def _translate(status: int, body: bytes, scope: Scope) -> ApiError:
    """Say in our words what BentoML or Starlette said in theirs."""
    match status:
        case 400:
            return _invalid(body)
        case 404 | 307:
            return errors.not_found()
        case 405:
            return errors.method_not_allowed(scope["method"])
        case 503:
            return errors.not_ready("The service can not answer now; try again later.")
        case 504:
            return errors.late()
    return errors.internal() if status >= _SERVER_ERROR else ApiError(status, _NOT_AS_IT_IS)


def _invalid(body: bytes) -> ApiError:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        said = None
    if isinstance(said, dict) and isinstance(said.get("detail"), list):
        return errors.invalid_from(said["detail"], len(said["detail"]))
    return ApiError(400, _NOT_AS_IT_IS)
