"""A period's report as one page: no script, nothing from elsewhere, readable on a phone."""

from collections.abc import Callable, Iterator
from html import escape

from monitoring import svg
from monitoring.divergence import LEAST_ROWS
from monitoring.drift import MAJOR, VERDICTS, Divergence
from monitoring.period import PeriodReport
from monitoring.quality import LEAST_OUTCOMES, Measure, Quality

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#222}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}svg{width:100%;max-width:26rem;height:auto}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem .3rem 0;
border-bottom:1px solid #ddd;vertical-align:middle}td.n,th.n{text-align:right}
.scroll{overflow-x:auto}
.major,.worse{color:#b23c00;font-weight:600}.moderate{color:#8a5a00;font-weight:600}.note{color:#555}
td svg{min-width:6rem}
"""
FIGURES: dict[str, tuple[str, str]] = {
    "accuracy": ("Accuracy", "the alarm lies below the dashed line"),
    "brier": ("Brier score", "lower is better; the alarm lies above the dashed line"),
    "roc_auc": ("ROC-AUC", "the alarm lies below the dashed line"),
}


def page(found: PeriodReport) -> str:
    """Write it."""
    title = escape(f"{found.model}: {found.since:%d %b %Y %H:%M} to {found.until:%d %b %Y %H:%M}")
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
        f"{''.join(_sections(found))}</body></html>"
    )


def _sections(found: PeriodReport) -> Iterator[str]:
    yield _summary(found)
    yield f"<h2>Quality</h2>{''.join(_quality(found))}"
    yield f"<h2>Scores</h2>{_scores(found)}"
    yield f"<h2>Fields</h2>{_fields(found)}"


def _summary(found: PeriodReport) -> str:
    facts = {
        "Version": found.version,
        "Read from": found.source,
        "Requests": "not known" if found.requests is None else f"{found.requests:,}",
        "Rows": f"{found.rows:,}",
        "Outcomes": _coverage(found),
        "Verdict": _verdict(found),
    }
    if found.other_versions:
        facts["Other versions"] = ", ".join(
            f"{version} ({rows:,} rows)" for version, rows in found.other_versions.items()
        )
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{value if name == 'Verdict' else escape(value)}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table>{rows}</table>"


def _coverage(found: PeriodReport) -> str:
    if found.judged is None:
        return "not kept in Prometheus"
    share = found.judged / max(found.rows, 1)
    return f"{found.judged:,} known, of {share:.1%} of the rows"


def _verdict(found: PeriodReport) -> str:
    drift = _mark(found.drift.verdict, f"drift: {found.drift.verdict}")
    if found.quality is None:
        return f"{drift}; quality: not known"
    worse = found.quality.worse
    said = "quality: worse than expected" if worse else "quality: as expected"
    return f"{drift}; {_mark('worse' if worse else '', said)}"


def _mark(kind: str, text: str) -> str:
    return f'<span class="{escape(kind)}">{escape(text)}</span>'


def _quality(found: PeriodReport) -> Iterator[str]:
    if found.quality is None:
        yield f'<p class="note">Fewer than {LEAST_OUTCOMES} outcomes are known.</p>'
        if found.drift.expected is not None:
            yield f"<p>{_expected(found)}</p>"
        return
    head = "".join(
        f'<th class="n">{each}</th>' for each in ("measured", "95 %", "expected", "alarm")
    )
    rows = "".join(_measure(name, found.quality) for name in FIGURES)
    yield f'<div class="scroll"><table><tr><th></th>{head}</tr>{rows}</table></div>'
    yield f"<p>{_expected(found)}</p>"
    for name, (title, note) in FIGURES.items():
        yield f"<h3>{title}</h3>{_over_time(found, name)}"
        yield f'<p class="note">By time, with its interval; {note}.</p>'


def _expected(found: PeriodReport) -> str:
    expected = found.drift.expected
    if expected is None:
        return ""
    return escape(
        f"By the scores alone accuracy should be {expected.accuracy:.3f}, in training "
        f"{expected.reference_accuracy:.3f}. {expected.caveat}"
    )


def _measure(name: str, quality: Quality) -> str:
    found: Measure | None = getattr(quality, name)
    title = FIGURES[name][0]
    if found is None:
        return f'<tr><th>{title}</th><td colspan="4">one outcome is all there is</td></tr>'
    low, high = found.interval
    value = _mark("worse" if found.worse else "", f"{found.value:.3f}")
    return (
        f'<tr><th>{title}</th><td class="n">{value}</td><td class="n">{low:.3f} to {high:.3f}</td>'
        f'<td class="n">{found.expected:.3f}</td><td class="n">{found.level:.3f}</td></tr>'
    )


def _over_time(found: PeriodReport, name: str) -> str:
    measures: list[Measure | None] = [
        getattr(each.quality, name) if each.quality else None for each in found.parts
    ]

    def column(of: Callable[[Measure], float]) -> list[float | None]:
        return [of(each) if each else None for each in measures]

    lows, highs = column(lambda each: each.interval[0]), column(lambda each: each.interval[1])
    levels = column(lambda each: each.level)
    known = [each for each in (*lows, *highs, *levels) if each is not None]
    if not known:
        return '<p class="note">No part of the period has outcomes enough.</p>'
    range_ = (min(known), max(known))
    picture = svg.band(column(lambda each: each.value), lows, highs, levels, range_)
    return f'{picture}<p class="note">From {range_[0]:.3f} to {range_[1]:.3f}.</p>'


def _scores(found: PeriodReport) -> str:
    score, shift = found.drift.score, found.drift.prediction
    said = f"Verdict {score.verdict}, PSI {score.psi:.3f}."
    if shift is not None:
        said += (
            f" The mean is {shift.mean:.3f}, in training {shift.reference_mean:.3f}: "
            f"{shift.sigmas:+.1f} standard errors, with an alarm beyond {shift.limit:.1f}."
        )
    few = f" Below {LEAST_ROWS} rows there is no verdict." if found.rows < LEAST_ROWS else ""
    return (
        f"<p>{escape(said + few)}</p>{_bins(score)}"
        '<p class="note">Bars: this period. Outlines: held-out rows of training.</p>'
    )


def _bins(found: Divergence) -> str:
    bins = found.bins
    return svg.bars(
        [each.share for each in bins],
        [each.reference_share for each in bins],
        [each.bin for each in bins],
    )


def _fields(found: PeriodReport) -> str:
    note = ""
    if found.not_watched:
        names = ", ".join(found.not_watched)
        note = f'<p class="note">Private, so kept nowhere and not looked at: {escape(names)}.</p>'
    features = sorted(
        found.drift.features.items(), key=lambda each: (-VERDICTS.index(each[1].verdict), each[0])
    )
    rows = "".join(_field(found, name, each) for name, each in features)
    head = (
        "<tr><th>Field</th><th>Verdict</th><th class=n>PSI</th><th>Over time</th><th>Bins</th></tr>"
    )
    return f'{note}<div class="scroll"><table>{head}{rows}</table></div>'


def _field(found: PeriodReport, name: str, each: Divergence) -> str:
    over_time = svg.spark([part.psi.get(name) for part in found.parts], MAJOR)
    return (
        f"<tr><th>{escape(name)}</th><td>{_mark(each.verdict, each.verdict)}</td>"
        f'<td class="n">{each.psi:.3f}</td><td>{over_time}</td><td>{_bins(each)}</td></tr>'
    )
