"""Refuse a JSON body that names one key of an object twice.

Parsers take the first or the last of the two, in silence; the sender meant one of them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

LONG_BYTES = 2**12

Check = Callable[[bytes, Sequence[Any]], bool]


def checker(row: type[BaseModel]) -> Check:
    """Compile a check for bodies of `{"rows": [...]}` whose rows were found valid.

    Every key brings one colon, and so may a text. Where a body has as many colons as its fields and
    texts have, no key was repeated, and reading it a second time is spared.
    """
    properties = row.model_json_schema()["properties"]
    if not all(_is_flat(schema) for schema in properties.values()):
        return lambda body, _rows: has_repeated(body)
    texts = [name for name, schema in properties.items() if _may_hold_colon(schema)]
    optional = any(not field.is_required() for field in row.model_fields.values())
    width = len(row.model_fields)

    def check(body: bytes, rows: Sequence[Any]) -> bool:
        keys = sum([len(r.model_fields_set) for r in rows]) if optional else width * len(rows)
        colons = 1 + keys + sum([getattr(r, name).count(":") for name in texts for r in rows])
        # An escaped colon is none in the body but one in the text: only reading it all can tell.
        # (One byte is found ten times as fast as two.)
        return (_colons(body) != colons or (b"\\" in body and b"\\u" in body)) and has_repeated(
            body
        )

    return check


def _colons(body: bytes) -> int:
    # `count` stops at every find; numpy does not, which pays once there are many.
    if len(body) < LONG_BYTES:
        return body.count(b":")
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == ord(":")))


def has_repeated(body: bytes) -> bool:
    """Read a whole body of valid JSON and look at every object."""
    try:
        json.loads(body, object_pairs_hook=_distinct)
    except _RepeatedError:
        return True
    return False


class _RepeatedError(Exception):
    pass


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedError
    return found


def _is_flat(schema: Mapping[str, Any]) -> bool:
    kinds = [option.get("type") for option in schema.get("anyOf", [schema])]
    return all(kind in ("string", "number", "integer", "boolean") for kind in kinds)


def _may_hold_colon(schema: Mapping[str, Any]) -> bool:
    options = schema.get("anyOf", [schema])
    return any(
        option["type"] == "string" and not option.get("enum") and "const" not in option
        for option in options
    ) or any(":" in str(value) for option in options for value in option.get("enum", ()))
