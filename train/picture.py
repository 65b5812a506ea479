"""The pictures of a model card, each a small SVG that needs no font and no file beside it."""

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from train.importance import importance
from train.part import Floats, Part
from train.ranking import Ranking
from train.recipe import Outcome
from train.study import MODEL, Study
from train.verdict import Verdict

# Text stays text, and no name in the file depends on the run.
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "tabento",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "lines.linewidth": 1.6,
}
# Told apart by the colour-blind and in print (Okabe and Ito).
OURS, THEIRS, CHANCE, POSITIVE = "#0072b2", "#e69f00", "#888888", "#d55e00"
WIDE, HIGH = 4.4, 3.2
POINTS = 200
BINS = 30


@dataclass(frozen=True)
class Picture:
    """`alt` says in words what the picture shows."""

    title: str
    alt: str
    svg: bytes


def pictures(outcome: Outcome, verdict: Verdict, scores: Floats) -> list[Picture]:
    """Those that the data allow: years need years, importance needs several fields."""
    answers = {MODEL: scores, **outcome.baselines}
    with mpl.rc_context(STYLE):
        return list(_pictures(outcome, verdict, answers))


def _pictures(
    outcome: Outcome, verdict: Verdict, answers: Mapping[str, Floats]
) -> Iterator[Picture]:
    part = outcome.parts["test"]
    rankings = {name: Ranking(part.positive, scores) for name, scores in answers.items()}
    auc = rankings[MODEL].roc_auc(part.weights)
    yield _picture("ROC curve", f"Area {auc:.3f}.", lambda axes: _roc(axes, part, rankings))
    yield _picture(
        "Precision and recall",
        f"The line is the share of positive rows, {part.base_rate:.3f}.",
        lambda axes: _precision(axes, part, rankings),
    )
    yield _picture(
        "Calibration",
        "On the diagonal, what is said is what comes out.",
        lambda axes: _calibration(axes, verdict),
    )
    yield _picture(
        "Scores by outcome",
        "The dashed line is the threshold.",
        lambda axes: _scores(axes, part, answers[MODEL], outcome.runner.policy.threshold),
    )
    lost = importance(outcome)
    if lost:
        first = next(iter(lost))
        yield _picture(
            "What the model goes by",
            f"ROC-AUC lost when a field is shuffled; most with {first}.",
            lambda axes: _importance(axes, lost),
        )
    if part.years is not None:
        yield _picture(
            "By fiscal year of approval",
            "Held-out rows: the part that came out positive, and what was predicted.",
            lambda axes: _years(axes, part, answers[MODEL], outcome.studies),
        )


def _picture(title: str, alt: str, draw: Callable[[Any], None]) -> Picture:
    figure = Figure(figsize=(WIDE, HIGH), layout="constrained")
    draw(figure.add_subplot())
    written = io.BytesIO()
    figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(title, alt, written.getvalue())


def _thinned(*curves: Floats) -> list[Floats]:
    """Few enough points for a small file."""
    rows = np.unique(np.linspace(0, len(curves[0]) - 1, POINTS).astype(int))
    return [curve[rows] for curve in curves]


def _roc(axes: Any, part: Part, rankings: Mapping[str, Ranking]) -> None:
    for name, ranking in rankings.items():
        hits, misses = ranking.hits(part.weights)
        x, y = _thinned(np.append(0, misses / misses[-1]), np.append(0, hits / hits[-1]))
        axes.plot(x, y, label=name, color=OURS if name == MODEL else THEIRS)
    axes.plot([0, 1], [0, 1], "--", color=CHANCE, label="chance")
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    axes.legend()


def _precision(axes: Any, part: Part, rankings: Mapping[str, Ranking]) -> None:
    for name, ranking in rankings.items():
        hits, misses = ranking.hits(part.weights)
        x, y = _thinned(hits / hits[-1], hits / np.maximum(hits + misses, 1e-12))
        axes.plot(x, y, label=name, color=OURS if name == MODEL else THEIRS)
    axes.axhline(part.base_rate, ls="--", color=CHANCE, label="base rate")
    axes.set(xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    axes.legend()


def _calibration(axes: Any, verdict: Verdict) -> None:
    points = verdict.findings[0].calibration_curve
    most = max(max(each.score, each.rate) for each in points) * 1.05
    axes.plot([0, most], [0, most], "--", color=CHANCE, label="perfect")
    axes.plot(
        [each.score for each in points],
        [each.rate for each in points],
        "o-",
        color=OURS,
        label="bins of equally many rows",
    )
    axes.set(xlabel="mean prediction", ylabel="part that came out positive")
    axes.legend()


def _scores(axes: Any, part: Part, scores: Floats, threshold: float) -> None:
    bins = np.linspace(0, max(float(scores.max()), threshold), BINS)
    for name, rows, colour in (
        ("negative", ~part.positive, OURS),
        ("positive", part.positive, POSITIVE),
    ):
        axes.hist(
            scores[rows],
            bins,
            weights=part.weights[rows] / part.weights[rows].sum(),
            histtype="step",
            linewidth=1.6,
            color=colour,
            label=name,
        )
    axes.axvline(threshold, ls="--", color=CHANCE, label="threshold")
    axes.set(xlabel="prediction", ylabel="share of the outcome's rows")
    axes.legend()


def _importance(axes: Any, lost: Mapping[str, float]) -> None:
    names = list(lost)[::-1]
    axes.barh(
        [name.replace("_", " ") for name in names], [lost[name] for name in names], color=OURS
    )
    axes.set(xlabel="ROC-AUC lost")
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", labelsize=7)


def _years(axes: Any, part: Part, scores: Floats, studies: tuple[Study, ...]) -> None:
    years, rates, means = by_year(part, scores)
    axes.plot(years, rates, "o-", color=POSITIVE, ms=3, label="came out")
    axes.plot(years, means, "o-", color=OURS, ms=3, label="predicted, random split")
    for study, marker in zip(studies, "sD^v", strict=False):
        later, _, said = by_year(study.held_out, study.answers[MODEL])
        axes.plot(later, said, marker + ":", color=THEIRS, ms=5, label=f"learned {study.split}")
    axes.set(xlabel="fiscal year", ylim=(0, None))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.legend(fontsize=7)


def by_year(part: Part, scores: Floats) -> tuple[list[int], list[float], list[float]]:
    """Years that hold enough rows to say something, the rate of each and the mean prediction."""
    known = np.zeros(len(part), np.int64) if part.years is None else part.years
    years = [int(year) for year in np.unique(known) if (known == year).sum() >= BINS]
    rows = [known == year for year in years]
    rates = [float(np.average(part.positive[each], weights=part.weights[each])) for each in rows]
    means = [float(np.average(scores[each], weights=part.weights[each])) for each in rows]
    return years, rates, means
