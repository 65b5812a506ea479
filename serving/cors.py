"""Which pages of other origins may call: none, unless the operator lists them."""

import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from serving import exchange
from serving.asgi import App, Receive, Scope, Send
from serving.errors import ApiError
from serving.exchange import Exchange

ASKED = ("authorization", "content-type", "x-api-key", "x-request-id", "x-request-timeout-ms")
SHOWN = ("Retry-After", "X-Request-ID")
# What an access log and the counters are told of a request: who, what, status and seconds.
Tell = Callable[[Exchange, Scope, int, float], None]
_ERROR = 400


class Cors:
    """Starlette's own, but what it refuses it refuses in the one error body, and tells of it.

    The front, which tells of all other requests, stands behind this layer: what a browser asks
    first (a preflight) is answered here.
    """

    def __init__(self, app: App, origins: list[str], tell: Tell) -> None:
        self._starlette = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            allow_headers=ASKED,
            expose_headers=SHOWN,
        )
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_preflight(scope):
            await self._starlette(scope, receive, send)
            return
        started = time.perf_counter()
        here = exchange.of(dict(scope["headers"]))
        answer = self._answer(Headers(scope=scope), here)
        await answer(scope, receive, send)
        self._tell(here, scope, answer.status_code, time.perf_counter() - started)

    def _answer(self, headers: Headers, here: Exchange) -> Response:
        answer = self._starlette.preflight_response(headers)
        own = {"X-Request-ID": here.request_id, "X-Content-Type-Options": "nosniff"}
        if answer.status_code < _ERROR:
            answer.headers.update(own)
            return answer
        here.error = ApiError(400, "This origin may not call, or not in this way.", "cors_refused")
        own |= {"Vary": "Origin"}
        body = here.error.body(here.request_id)
        return Response(body, here.error.status, headers=own, media_type="application/json")


def allow(app: App, origins: str, tell: Tell) -> App:
    """Let pages of `origins`, comma-separated, call; without any, change nothing."""
    listed = [each.strip() for each in origins.split(",") if each.strip()]
    return Cors(app, listed, tell) if listed else app


def _is_preflight(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "OPTIONS":
        return False
    names = {name for name, _ in scope["headers"]}
    return {b"origin", b"access-control-request-method"} <= names
