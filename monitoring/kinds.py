"""What each field of a row holds, as its schema says: a number, a category or a text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from models._contract import Strict

Kind = Literal["number", "category", "text"]
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class FieldKind:
    """What a field holds; a nullable one may hold None instead."""

    kind: Kind
    nullable: bool


def kinds(row: type[Strict]) -> dict[str, FieldKind]:
    """Every field that can be watched: a list, a date or a model in a row can not."""
    schema = row.model_json_schema(by_alias=False)
    found = {
        name: _field(list(_leaves(field, schema.get("$defs", {}))))
        for name, field in schema["properties"].items()
    }
    return {name: kind for name, kind in found.items() if kind is not None}


def _leaves(schema: Schema, definitions: Schema) -> Iterator[Schema]:
    """The alternatives of a union, or the one schema that there is."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    alternatives = schema.get("anyOf") or schema.get("oneOf") or []
    if not alternatives:
        yield schema
    for alternative in alternatives:
        yield from _leaves(alternative, definitions)


def _field(leaves: list[Schema]) -> FieldKind | None:
    found = {_kind(leaf) for leaf in leaves}
    nullable = "null" in found
    match list(found - {"null"}):
        case ["number" | "category" | "text" as kind]:
            return FieldKind(kind, nullable)
    return None


def _kind(leaf: Schema) -> Kind | Literal["null", "other"]:
    if "enum" in leaf or "const" in leaf:
        return "category"
    if leaf.get("type") == "string" and "format" in leaf:
        return "other"
    kinds: dict[Any, Kind | Literal["null"]] = {
        "boolean": "category",
        "integer": "number",
        "number": "number",
        "string": "text",
        "null": "null",
    }
    return kinds.get(leaf.get("type"), "other")


def private_fields(row: type[Strict]) -> frozenset[str]:
    """Fields whose values are nobody's business: `Field(json_schema_extra={"private": True})`."""
    properties = row.model_json_schema(by_alias=False)["properties"]
    return frozenset(name for name, schema in properties.items() if schema.get("private"))
