"""What the log may say of a rejected body, for those who switch it on."""

import json
from typing import Any

from models._contract import AnyContract

LENGTH = 2_000
PRIVATE = "[private]"


def redacted(body: bytes, contract: AnyContract) -> str:
    """Give a body as JSON, at most `LENGTH` long, with nothing in the fields that are private.

    A field is private when its contract says so: `Field(json_schema_extra={"private": True})`. What
    is no JSON can not be redacted, so only its length is told.
    """
    properties = contract.ROW.model_json_schema()["properties"]
    private = {name for name, schema in properties.items() if schema.get("private")}
    try:
        said = json.loads(body)
        return json.dumps(_without(said, private), ensure_ascii=True)[:LENGTH]
    except (ValueError, RecursionError):
        return f"[{len(body)} bytes that are no JSON]"


def _without(value: Any, private: set[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: PRIVATE if key in private else _without(each, private)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_without(each, private) for each in value]
    return value
