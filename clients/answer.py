"""What an answer must be. A status of 200 is not enough: fast nonsense is no service."""

import math
from http import HTTPStatus
from typing import Annotated, Any

from pydantic import Field, ValidationError

from clients.request import BadRequest, Request
from models._contract import AnyContract, Predictions, Strict

REFUSALS = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
# Two machines, or a row alone and among others, may differ in the last bits of a sum.
TOLERANCE = 1e-9


class AnswerError(Exception):
    """An answer that is not the one to be had. Its text names no values, so that it is counted."""


class RefusedError(AnswerError):
    """The service said that it cannot answer now: too busy, not ready, too late."""


class WrongAnswerError(AnswerError):
    """Anything else that should not have been said."""


class Detail(Strict):
    """One fault of a request."""

    loc: list[str | int]
    msg: Annotated[str, Field(min_length=1)]
    type: Annotated[str, Field(min_length=1)]


class ErrorBody(Strict):
    """What every status but 200 comes with."""

    error: Annotated[str, Field(min_length=1)]
    code: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
    request_id: Annotated[str, Field(min_length=1)]
    detail: list[Detail]


class Checker:
    """Checks answers, and remembers what was first said of each known row."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str, int], Any] = {}

    def forget(self) -> None:
        """Begin anew, as with another service."""
        self._first.clear()

    def check(self, request: Request, status: int, content: bytes) -> Predictions[Any]:
        """Read the answer to a good request.

        Raises:
            AnswerError: it is none.
        """
        name = request.contract.NAME
        _expect(200, status)
        answer = _read(request.contract, content)
        if answer.model != name:
            msg = f"{name}: another model answered"
            raise WrongAnswerError(msg)
        if len(answer.predictions) != request.rows:
            msg = f"{name}: not as many predictions as rows"
            raise WrongAnswerError(msg)
        for place, index in request.known.items():
            said = answer.predictions[place].model_dump(mode="json")
            first = self._first.setdefault((name, answer.version, index), said)
            if not same(first, said):
                msg = f"{name}: EXAMPLE[{index}] was given another answer before"
                raise WrongAnswerError(msg)
        return answer

    def check_refused(self, request: BadRequest, status: int, content: bytes) -> ErrorBody:
        """Read the answer to a bad request.

        Raises:
            AnswerError: it was not refused, or not as promised.
        """
        _expect(400, status)
        try:
            body = ErrorBody.model_validate_json(content)
        except ValidationError:
            body = None
        if body is None or not body.detail:
            msg = f"{request.contract.NAME}: {request.fault}: not the error body"
            raise WrongAnswerError(msg)
        return body


def _expect(expected: int, status: int) -> None:
    if status == expected:
        return
    kind = RefusedError if status in REFUSALS else WrongAnswerError
    msg = f"status {status} instead of {expected}"
    raise kind(msg)


def _read(contract: AnyContract, content: bytes) -> Predictions[Any]:
    try:
        return Predictions[contract.PREDICTION].model_validate_json(content)  # type: ignore[name-defined]
    except ValidationError:
        msg = f"{contract.NAME}: not the answer its schema promises"
        raise WrongAnswerError(msg) from None


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values say the same; numbers may differ in their last bits."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
