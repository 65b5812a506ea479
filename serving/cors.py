"""Which pages of other origins may call: none, unless the operator lists them."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from serving import exchange
from serving.asgi import App
from serving.errors import ApiError

ASKED = ("authorization", "content-type", "x-api-key", "x-request-id", "x-request-timeout-ms")
SHOWN = ("Retry-After", "X-Request-ID")
_ERROR = 400


class Cors(CORSMiddleware):
    """Starlette's own, but what it refuses it refuses in the one error body."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer the question that a browser asks first."""
        answer = super().preflight_response(request_headers)
        given = request_headers.get("x-request-id")
        request_id = exchange.request_id_from(given.encode() if given else None)
        # The front adds these to every answer, but stands behind this layer.
        own = {"X-Request-ID": request_id, "X-Content-Type-Options": "nosniff"}
        if answer.status_code < _ERROR:
            answer.headers.update(own)
            return answer
        error = ApiError(400, "This origin may not call, or not in this way.", "cors_refused")
        headers = {**own, "Vary": "Origin"}
        body = error.body(request_id)
        return Response(body, 400, headers=headers, media_type="application/json")


def allow(app: App, origins: str) -> App:
    """Let pages of `origins`, comma-separated, call; without any, change nothing."""
    listed = [each.strip() for each in origins.split(",") if each.strip()]
    if not listed:
        return app
    cors: App = Cors(
        app,
        allow_origins=listed,
        allow_methods=["GET", "POST"],
        allow_headers=ASKED,
        expose_headers=SHOWN,
    )
    return cors
