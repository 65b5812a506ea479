"""A bar chart as SVG, written by hand: nothing to install."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape  # it writes, and reads nothing # nosec B406

from benchmarks.table import number

WIDTH, LABELS, VALUES, BAR, GAP, TOP = 760, 250, 90, 22, 8, 48
COLOURS = {"ours": "#1f6feb", "peer": "#8b949e", "limit": "#d0d7de"}


@dataclass(frozen=True)
class Bar:
    """`kind` is one of `COLOURS`."""

    label: str
    value: float
    kind: str


def chart(title: str, bars: Sequence[Bar]) -> str:
    """Draw the longest first."""
    ordered = sorted(bars, key=lambda bar: -bar.value)
    longest = max((bar.value for bar in ordered), default=1.0) or 1.0
    height = TOP + len(ordered) * (BAR + GAP) + GAP
    drawn = [_bar(bar, TOP + at * (BAR + GAP), longest) for at, bar in enumerate(ordered)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13">',
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text x="12" y="28" font-size="15" font-weight="bold">{escape(title)}</text>',
            *drawn,
            "</svg>\n",
        ]
    )


def _bar(bar: Bar, y: int, longest: float) -> str:
    length = (WIDTH - LABELS - VALUES) * bar.value / longest
    baseline = y + BAR - 6
    return (
        f'<text x="{LABELS - 8}" y="{baseline}" text-anchor="end">{escape(bar.label)}</text>'
        f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" '
        f'fill="{COLOURS[bar.kind]}"/>'
        f'<text x="{LABELS + length + 6:.1f}" y="{baseline}">{number(bar.value)}</text>'
    )
