"""What the OpenAPI document says of bodies as Arrow IPC streams."""

from typing import Any

from models._contract import AnyContract
from serving.wire import ARROW

Schema = dict[str, Any]


def rows(contract: AnyContract, most: int) -> Schema:
    """Of a request; nothing where no rows are taken in this form."""
    size = f"At most {most} rows; the buffers are not compressed."
    return _stream(contract.ROW, size) if most else {}


def answer(contract: AnyContract, most: int) -> Schema:
    """Of an answer; nothing where there are none in this form."""
    asked = "To a body in the same form. Model, version and request id are the schema's metadata."
    return _stream(contract.PREDICTION, asked) if most else {}


def _stream(row: Any, more: str) -> Schema:
    # OpenAPI can not say what stands in the bytes, so words do.
    text = f"An Arrow IPC stream. {more} A column a field: {', '.join(row.model_fields)}."
    schema = {"type": "string", "format": "binary", "description": text}
    return {ARROW.decode(): {"schema": schema}}
