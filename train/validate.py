"""What a source holds, field by field, before anything is fitted to it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from models._contract import Strict
from monitoring.kinds import Kind, kinds
from train.columns import UNKNOWN
from train.part import Part, check_enough
from train.source import SourceError

MOST_DROPPED = 0.5
"""When more is of no use, the file is not what its user takes it for."""

MOSTLY = 0.5
RARELY = 0.05


class Field(Strict):
    """One field: range and median of a number or of a text's length, levels of a category."""

    name: str
    kind: Kind
    least: float | None = None
    median: float | None = None
    most: float | None = None
    levels: int | None = None
    unknown: float = 0.0


class Report(Strict):
    """Rows read, kept and dropped by reason; what each field holds; what a reader should mind."""

    read: int
    kept: int
    dropped: dict[str, int]
    duplicates: int
    positive: float
    fields: list[Field]
    remarks: list[str]


def validate(part: Part, dropped: Mapping[str, int], source: str) -> Report:
    """Look at the rows that keep the contract, and count those that do not.

    Raises:
        SourceError: most rows are of no use, or one outcome is all but missing.
    """
    lost = sum(dropped.values())
    if lost > MOST_DROPPED * (lost + len(part)):
        reasons = "; ".join(f"{count:,} {reason}" for reason, count in dropped.items())
        msg = f"{source}: {lost:,} of {lost + len(part):,} rows are of no use: {reasons}"
        raise SourceError(msg)
    check_enough(part, source)
    fields = [
        _field(name, kind.kind, [getattr(row, name) for row in part.rows])
        for name, kind in kinds(type(part.rows[0])).items()
    ]
    duplicates = _duplicates(part)
    return Report(
        read=lost + len(part),
        kept=len(part),
        dropped=dict(dropped),
        duplicates=duplicates,
        positive=part.base_rate,
        fields=fields,
        remarks=_remarks(fields, duplicates, part),
    )


def _field(name: str, kind: Kind, values: list[Any]) -> Field:
    if kind == "category":
        unknown = sum(value == UNKNOWN for value in values) / len(values)
        return Field(name=name, kind=kind, levels=len(set(values)), unknown=unknown)
    numbers = np.array([len(value) if kind == "text" else value for value in values], dtype=float)
    least, median, most = np.quantile(numbers, (0, 0.5, 1)).tolist()
    return Field(name=name, kind=kind, least=least, median=median, most=most)


def _duplicates(part: Part) -> int:
    """Rows that are there already, outcome included."""
    pairs = zip(part.rows, part.positive.tolist(), strict=True)
    seen = Counter((row.model_dump_json(), positive) for row, positive in pairs)
    return len(part) - len(seen)


def _remarks(fields: list[Field], duplicates: int, part: Part) -> list[str]:
    unknown = [
        f"{field.name} is unknown in {field.unknown:.0%} of the rows"
        for field in fields
        if field.unknown > MOSTLY
    ]
    constant = [
        f"{field.name} is the same in every row"
        for field in fields
        if field.levels == 1 or (field.least is not None and field.least == field.most)
    ]
    repeated = [f"{duplicates:,} rows come again"] if duplicates else []
    rare = min(part.base_rate, 1 - part.base_rate)
    balance = [f"one outcome is rare: {rare:.1%}"] if rare < RARELY else []
    return [*unknown, *constant, *repeated, *balance]
