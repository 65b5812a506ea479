"""Small pictures for a page, drawn by hand: the serving image has no library for that."""

from collections.abc import Sequence
from html import escape

WIDE, HIGH, PAD = 320, 120, 4
# Told apart by the colour-blind and in print (Okabe and Ito).
LIVE, REFERENCE, ALARM = "#0072b2", "#999999", "#d55e00"

Values = Sequence[float | None]


def bars(live: Sequence[float], reference: Sequence[float], names: Sequence[str]) -> str:
    """Shares by bin: bars are the rows seen, the outlined ones the reference."""
    most = max((*live, *reference), default=0) or 1
    step = WIDE / max(len(live), 1)
    drawn = []
    for number, (share, known, name) in enumerate(zip(live, reference, names, strict=True)):
        x, title = number * step, f"{name}: {share:.1%}, in training {known:.1%}"
        drawn.append(
            f"<g><title>{escape(title)}</title>"
            f"{_bar(x + step * 0.1, step * 0.8, known / most, f'fill=none stroke={REFERENCE}')}"
            f"{_bar(x + step * 0.25, step * 0.5, share / most, f'fill={LIVE}')}</g>"
        )
    return _picture("".join(drawn), HIGH, "Shares by bin")


def _bar(x: float, wide: float, share: float, style: str) -> str:
    high = share * (HIGH - 2 * PAD)
    quoted = " ".join(f'{key}="{value}"' for key, value in (e.split("=") for e in style.split()))
    return (
        f'<rect x="{x:.1f}" y="{HIGH - PAD - high:.1f}" width="{wide:.1f}" '
        f'height="{high:.1f}" {quoted}/>'
    )


def spark(values: Values, limit: float, high: int = 28) -> str:
    """A curve over time against one level; gaps where nothing is known."""
    known = [each for each in values if each is not None]
    most = max([limit * 1.2, *known], default=1.0) or 1.0
    level = _y(limit, 0.0, most, high)
    line = f'<line x1="0" x2="{WIDE}" y1="{level}" y2="{level}" {_stroke(ALARM, dashed=True)}/>'
    return _picture(line + _curve(values, (0.0, most), high), high, "PSI over time")


def band(
    values: Values, lows: Values, highs: Values, levels: Values, range_: tuple[float, float]
) -> str:
    """A curve with its interval, against a level that may differ by part."""
    low, high = range_
    drawn = []
    step = WIDE / max(len(values), 1)
    for number, (bottom, top) in enumerate(zip(lows, highs, strict=True)):
        if bottom is not None and top is not None:
            x = (number + 0.5) * step
            drawn.append(
                f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_y(bottom, low, high)}" '
                f'y2="{_y(top, low, high)}" {_stroke(LIVE)} stroke-opacity="0.35"/>'
            )
    drawn += [_curve(levels, range_, HIGH, level=True), _curve(values, range_, HIGH)]
    return _picture("".join(drawn), HIGH, "Over time, with 95 % intervals")


def _curve(values: Values, range_: tuple[float, float], tall: int, *, level: bool = False) -> str:
    step, (low, high) = WIDE / max(len(values), 1), range_
    colour = ALARM if level else LIVE
    points = [
        f"{(number + 0.5) * step:.1f},{_y(value, low, high, tall)}"
        for number, value in enumerate(values)
        if value is not None
    ]
    dots = "".join(
        f'<circle cx="{x}" cy="{y}" r="1.6" fill="{colour}"/>'
        for x, y in (point.split(",") for point in points)
    )
    line = f'<polyline points="{" ".join(points)}" fill="none" {_stroke(colour, dashed=level)}/>'
    return line if level else line + dots


def _y(value: float, low: float, high: float, tall: int = HIGH) -> str:
    share = (value - low) / ((high - low) or 1)
    return f"{tall - PAD - min(max(share, 0), 1) * (tall - 2 * PAD):.1f}"


def _stroke(colour: str, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    return f'stroke="{colour}" stroke-width="1.5"{dash}'


def _picture(drawn: str, high: int, name: str) -> str:
    return f'<svg viewBox="0 0 {WIDE} {high}" role="img" aria-label="{escape(name)}">{drawn}</svg>'
