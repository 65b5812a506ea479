"""What kind of value each field of a row holds, as its schema says."""

from typing import Literal

from models._contract import Strict

Kind = Literal["number", "category", "text"]


def kinds(row: type[Strict]) -> dict[str, Kind]:
    """Numbers have quantiles, categories have shares, and of a text its length is a number."""
    schema = row.model_json_schema()
    return {name: _kind(field) for name, field in schema["properties"].items()}


def _kind(field: dict[str, object]) -> Kind:
    if field.get("type") in {"number", "integer"}:
        return "number"
    if field.get("type") == "string" and "enum" not in field and "const" not in field:
        return "text"
    return "category"
