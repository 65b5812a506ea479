"""The one error body, for every status."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from json import JSONDecoder
from typing import Any

import orjson
from bentoml.exceptions import BentoMLException
from pydantic import ValidationError

MOST_DETAILS = 20
MOST_NAME = 64

_decode = JSONDecoder().raw_decode

CODES = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "body_too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
    503: "not_ready",
    504: "deadline_exceeded",
}
# Of errors whose status does not say enough.
MORE_CODES = (
    "bad_output",
    "cors_refused",
    "draining",
    "feedback_not_kept",
    "head_too_large",
    "not_reloaded",
    "overloaded",
    "predictions_not_kept",
)


@dataclass(frozen=True)
class Detail:
    """One thing that is wrong with a request: where, what, and pydantic's name for it."""

    loc: Sequence[str | int]
    msg: str
    type: str


class ApiError(BentoMLException):
    """An answer that is no prediction. The client reads the text: what was wrong, what to do."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        *,
        detail: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or CODES.get(status, f"http_{status}")
        self.detail = tuple(detail)
        self.headers = dict(headers or {})
        # BentoML reads this one, so that it answers with the same status.
        self.error_code = HTTPStatus(status)

    def body(self, request_id: str) -> bytes:
        """Render as JSON."""
        return orjson.dumps(
            {
                "error": self.message,
                "code": self.code,
                "request_id": request_id,
                "detail": [
                    {"loc": list(each.loc), "msg": each.msg, "type": each.type}
                    for each in self.detail
                ],
            }
        )


def let_go(error: BaseException | None) -> None:
    """Forget where an error, and what led to it, came from, when it was told.

    The frames that it came through hold the request and its body, and the request holds the error:
    a ring that only the garbage collector could undo, which looks rarely.
    """
    while error is not None:
        before = error.__cause__ or error.__context__
        error.__traceback__ = error.__context__ = error.__cause__ = None
        error = before


def not_found() -> ApiError:
    """Say that no route has this path."""
    return ApiError(404, "There is no such route; / lists those that there are.")


def method_not_allowed(method: str, allow: str = "") -> ApiError:
    """Refuse a method that a route does not have."""
    return ApiError(
        405, f"{method} is not answered here.", headers={"Allow": allow} if allow else {}
    )


def overloaded(message: str) -> ApiError:
    """Refuse a request that could not be served in time."""
    return ApiError(503, message, "overloaded", headers={"Retry-After": "1"})


def not_ready(message: str) -> ApiError:
    """Refuse a request that came before the models did."""
    return ApiError(503, message, "not_ready", headers={"Retry-After": "5"})


def draining() -> ApiError:
    """Send a client elsewhere: this process is about to stop."""
    headers = {"Retry-After": "1", "Connection": "close"}
    return ApiError(503, "The service is about to stop; ask another.", "draining", headers=headers)


def late() -> ApiError:
    """Say that a request was not answered within its time."""
    return ApiError(
        504, "The request was not answered within its time; send it again, or fewer rows."
    )


def internal(code: str = "internal_error") -> ApiError:
    """Say that it is our fault, without internals: those are in the log, under the request id."""
    return ApiError(500, "The request failed on our side; the log has the cause.", code)


def invalid(error: ValidationError, *within: str) -> ApiError:
    """Say what is wrong with a body, or what is `within` it, without repeating what it held."""
    found = [{**each, "loc": [*within, *each["loc"]]} for each in first(error)]
    return invalid_from(found, error.error_count())


def first(error: ValidationError) -> Iterator[dict[str, Any]]:
    """Give the first errors, as many as are told."""
    # A body may have a hundred thousand errors, and making a dict of each takes a second.
    text = error.json(include_url=False, include_input=False, include_context=False)
    end = 0
    for _ in range(min(error.error_count(), MOST_DETAILS)):
        each, end = _decode(text, end + 1)
        yield each


def repeated_key() -> ApiError:
    """Say that some object of the body names one key twice."""
    text = "An object has the same key twice"
    return ApiError(400, text, detail=[Detail((), text, "repeated_key")])


def invalid_from(found: Sequence[Mapping[str, Any]], count: int) -> ApiError:
    """Do the same for those `found` of `count` errors: mappings with `loc`, `msg` and `type`."""
    details = [
        Detail(_loc(each["loc"]), str(each["msg"]), each["type"]) for each in found[:MOST_DETAILS]
    ]
    loc, msg = details[0].loc, details[0].msg
    where = f"{'.'.join(map(str, loc))}: " if loc else ""
    more = f" (and {count - 1} more)" if count > 1 else ""
    return ApiError(400, f"{where}{msg}{more}", detail=details)


def _loc(loc: Iterable[str | int]) -> tuple[str | int, ...]:
    """Cut names short: an unknown field is called what the client calls it."""
    return tuple(each[:MOST_NAME] if isinstance(each, str) else each for each in loc)
