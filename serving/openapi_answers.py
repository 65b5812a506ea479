"""The answers of the OpenAPI document: the good ones, and every status with the one error body."""

from typing import Any

from serving.errors import CODES, MORE_CODES, MOST_DETAILS

Schema = dict[str, Any]

_ERRORS = {
    400: "The request is invalid; `detail` says where.",
    401: "A valid API key is needed, where the service asks for one.",
    403: "This API key does not open this model.",
    404: "There is no such model.",
    405: "The route has another method; `Allow` names it.",
    409: "The model in the store can not be served; the old one still is.",
    413: "The body is too large.",
    415: "The body is of another type, or compressed.",
    429: "This API key may not ask as often; `Retry-After` says when to come.",
    431: "The request's head is too long.",
    500: "The request failed on our side.",
    503: "The models are not loaded, or too much is waiting; `Retry-After` says when to come.",
    504: "The request was not answered within its time.",
}

ERROR: Schema = {
    "type": "object",
    "description": "The body of every answer that is not good.",
    "required": ["error", "code", "request_id", "detail"],
    "additionalProperties": False,
    "properties": {
        "error": {"type": "string", "description": "One sentence for people."},
        "code": {
            "type": "string",
            "description": "Stable, for programs.",
            "examples": [*CODES.values(), *MORE_CODES],
        },
        "request_id": {"type": "string"},
        "detail": {
            "type": "array",
            "maxItems": MOST_DETAILS,
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "additionalProperties": False,
                "properties": {
                    "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        },
    },
}


def text(description: str, *kinds: str) -> Schema:
    """A page or plain text, in each of these kinds."""
    schema = {"schema": {"type": "string"}}
    return {"description": description, "content": {f"text/{kind}": schema for kind in kinds}}


def good(description: str, schema: Schema, **others: Schema) -> Schema:
    """JSON of this schema, and what else the route may answer with."""
    content = {"application/json": {"schema": schema}, **others}
    return {"description": description, "content": content}


def bad(*statuses: int) -> Schema:
    """Errors of a route, and the one that any route has before it is known which is meant."""
    schema = {"$ref": "#/components/schemas/Error"}
    return {str(status): good(_ERRORS[status], schema) for status in (*statuses, 431)}
