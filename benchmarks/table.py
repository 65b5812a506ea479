"""Markdown tables, and numbers as people read them."""

from collections.abc import Sequence
from math import isnan

NOTHING = "-"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, texts: int = 1) -> str:
    """Draw a table whose first columns, `texts` of them, are text, and whose others are numbers."""
    rule = ["---"] * texts + ["---:"] * (len(head) - texts)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows)) + "\n"


def number(value: float | None) -> str:
    """Three significant digits, no more."""
    if value is None or isnan(value):
        return NOTHING
    if abs(value) >= 100:  # noqa: PLR2004 - from here on a digit behind the point says nothing
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def times(value: float | None) -> str:
    return NOTHING if value is None else f"{number(value)}x"
