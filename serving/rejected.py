"""What the log may say of a rejected body, for those who switch it on."""

import json
from collections.abc import Set
from typing import Any

from models._contract import AnyContract

LENGTH = 2_000
PRIVATE = "[private]"


def redacted(body: bytes, contract: AnyContract) -> str:
    """Give a body as JSON, at most `LENGTH` long, with nothing in it that may be private.

    A field is private when its contract says so: `Field(json_schema_extra={"private": True})`. If
    one is, only what stands in the other fields is shown: what was to be private may have come
    under a wrong name, or in a wrong place. What is no JSON can not be redacted, so only its length
    is told.
    """
    properties = contract.ROW.model_json_schema()["properties"]
    public = {name for name, schema in properties.items() if not schema.get("private")}
    try:
        said = json.loads(body)
        if len(public) < len(properties):
            said = _shown(said, public, known={"rows", *properties})
        return json.dumps(said, ensure_ascii=True)[:LENGTH]
    except (ValueError, RecursionError):
        return f"[{len(body)} bytes that are no JSON]"


def _shown(value: Any, public: Set[str], known: Set[str]) -> Any:
    if isinstance(value, dict):
        return {
            key if key in known else PRIVATE: each
            if key in public and not isinstance(each, (dict, list))
            else _shown(each, public, known)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_shown(each, public, known) for each in value]
    return PRIVATE
