"""Rows to ask with: valid by any contract, each one different, the same for the same seed.

A row starts as one of the contract's `EXAMPLE`s and has its values moved about, as far as the
schema says how. What the contract refuses, such as a guarantee above its loan, is taken back.
"""

import json
import random
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from pydantic import ValidationError

from models._contract import AnyContract

Row = dict[str, Any]
Schema = Mapping[str, Any]

LEFT_OUT = 0.1  # of the fields that have a default are left out
MOST_WORDS = 60  # in a text that is not wild
LETTERS_A_WORD = 4  # or fewer, with its space: so many words fill a text up


def rows(contract: AnyContract, *, seed: int = 0, wild: float = 0) -> Iterator[Row]:
    """Make rows without end, as JSON values.

    Args:
        contract: Whose rows.
        seed: Another one gives other rows.
        wild: Share of the rows that take values from anywhere in their range, and the longest
            texts; the others stay near an example.
    """
    variations = _Variations(contract, seed, wild)
    while True:
        yield variations.row()


class _Variations:
    def __init__(self, contract: AnyContract, seed: int, wild: float) -> None:
        self._contract = contract
        self._schema = contract.ROW.model_json_schema()
        self._examples = [row.model_dump(mode="json", by_alias=True) for row in contract.EXAMPLE]
        self._words = _words(self._examples) or ["word"]
        self._random = random.Random(f"{contract.NAME} {seed}")  # noqa: S311 - no secret
        self._share = wild
        self._wild = False

    def row(self) -> Row:
        """Vary all at once; where that is refused, keep field by field what is not."""
        example = self._random.choice(self._examples)
        self._wild = self._random.random() < self._share
        varied = self._object(self._schema, example)
        if self._valid(varied):
            return varied
        row = dict(example)
        for name in self._random.sample(list(varied), len(varied)):
            changed = row | {name: varied[name]}
            row = changed if self._valid(changed) else row
        return row

    def _valid(self, row: Row) -> bool:
        """As it would arrive: what is strict differs between JSON and Python values."""
        try:
            self._contract.ROW.model_validate_json(json.dumps(row))
        except ValidationError:
            return False
        return True

    def _value(self, schema: Schema, near: Any) -> Any:
        """Move one value; what the schema does not explain stays as it is in the example."""
        schema = self._resolved(schema)
        match schema.get("type"), near:
            case _ if "enum" in schema:
                near = self._random.choice(schema["enum"])
            case "null", _:
                near = None
            case "boolean", bool():
                near = self._random.random() < 1 / 2
            case "integer" | "number" as kind, int() | float() | None:
                near = self._number(schema, near or 0, whole=kind == "integer")
            case "string", str() | None if not {"pattern", "format"} & set(schema):
                near = self._text(schema)
            case "array", list():
                near = [self._value(schema.get("items", {}), each) for each in near]
            case "object", dict() if "properties" in schema:
                near = self._object(schema, near)
        return near

    def _resolved(self, schema: Schema) -> Schema:
        """Follow a reference, and choose between alternatives."""
        while True:
            if "$ref" in schema:
                schema = self._schema["$defs"][schema["$ref"].rpartition("/")[2]]
            elif "anyOf" in schema:
                schema = self._random.choice(schema["anyOf"])
            else:
                return schema

    def _object(self, schema: Schema, near: Row) -> Row:
        required = set(schema.get("required", ()))
        return {
            name: self._value(field, near[name])
            for name, field in schema["properties"].items()
            if name in required or self._random.random() >= LEFT_OUT
        }

    def _number(self, schema: Schema, near: float, *, whole: bool) -> float:
        low = max(schema.get("minimum", -inf), schema.get("exclusiveMinimum", -inf))
        high = min(schema.get("maximum", inf), schema.get("exclusiveMaximum", inf))
        if self._wild and high - low < inf:
            moved = self._random.uniform(low, high)
        else:
            scale = max(abs(near), 3) if whole else abs(near) or 1
            moved = min(max(self._random.gauss(near, 0.3 * scale), low), high)
        return round(moved) if whole else float(f"{moved:.6g}")

    def _text(self, schema: Schema) -> str:
        longest = schema.get("maxLength", inf)
        words = self._random.randint(1, MOST_WORDS)
        if self._wild and longest < inf:
            words = longest // LETTERS_A_WORD
        text = " ".join(self._random.choices(self._words, k=words))
        return text if longest == inf else text[:longest]


def _words(value: Any) -> list[str]:
    """Every word in what an example holds."""
    if isinstance(value, str):
        return value.split()
    if isinstance(value, dict):
        value = list(value.values())
    return [word for each in value for word in _words(each)] if isinstance(value, list) else []
