"""The body of a feedback request, read as strictly as a prediction's."""

import orjson
from pydantic import ValidationError
from starlette.requests import Request

from monitoring.feedback import Outcomes
from serving import body as bodies
from serving import errors, wire
from serving.body import ClientGoneError
from serving.errors import ApiError

# 512 outcomes with the longest ids take less than half of it.
MOST_BYTES = 2**18
BEFORE, AFTER = "/models/", "/feedback"


def model_of(path: str) -> str | None:
    """The model whose feedback route this is: it asks for a key that opens the model."""
    if not (path.startswith(BEFORE) and path.endswith(AFTER)):
        return None
    return path[len(BEFORE) : -len(AFTER)] or None


async def read(request: Request) -> Outcomes:
    """Read and check a body.

    Raises:
        ApiError: 400, 413 or 415.
    """
    headers = dict(request.scope["headers"])
    wire.refuse_other(headers)
    try:
        body = await bodies.read(headers, request.receive, MOST_BYTES)
    except ClientGoneError:
        msg = "The body was never whole."
        raise ApiError(400, msg) from None
    wire.refuse_repeated(body)
    try:
        return Outcomes.model_validate_json(body or orjson.dumps({}))
    except ValidationError as error:
        raise errors.invalid(error) from None
