"""One way to split the rows: what each contender answered, and how good that was."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models._contract import Strict
from train.bootstrap import Measured
from train.part import Floats, Part
from train.ranking import Ranking

MODEL, DUMMY, LOGISTIC = "model", "dummy", "logistic"


@dataclass(frozen=True, eq=False)
class Study:
    """`answers` holds the scores of the model and of its baselines, for the rows held out."""

    split: str
    fingerprint: str
    rows: Mapping[str, int]
    held_out: Part
    answers: Mapping[str, Floats]


class Point(Strict):
    """One bin of the calibration curve: mean score, part that came out positive, rows."""

    score: float
    rate: float
    rows: int


class Confusion(Strict):
    """Shares of the population at the threshold."""

    true_positive: float
    false_positive: float
    false_negative: float
    true_negative: float


class Findings(Strict):
    """What a study found: metrics by contender, the model's lead over each baseline, its curve.

    `base_brier` is the Brier score of the held-out rows' own rate as a constant answer: no model
    can know that rate beforehand.
    """

    split: str
    fingerprint: str
    rows: dict[str, int]
    base_rate: float
    base_brier: float
    metrics: dict[str, dict[str, Measured]]
    leads: dict[str, dict[str, Measured]]
    calibration_curve: list[Point]
    confusion: Confusion
    cost: float
    cost_of_never: float
    cost_of_always: float


def curve(part: Part, scores: Floats) -> list[Point]:
    """Bins of equally many rows; in each the score and what came out, weighted."""
    bins = Ranking(part.positive, scores).bins
    points = []
    for each in np.unique(bins):
        here = bins == each
        weights = part.weights[here]
        points.append(
            Point(
                score=float(np.average(scores[here], weights=weights)),
                rate=float(np.average(part.positive[here], weights=weights)),
                rows=int(here.sum()),
            )
        )
    return points


def confusion(part: Part, scores: Floats, threshold: float) -> Confusion:
    """A score at the threshold is a positive decision."""
    share, taken, truth = part.weights / part.weights.sum(), scores >= threshold, part.positive
    return Confusion(
        true_positive=float(share[taken & truth].sum()),
        false_positive=float(share[taken & ~truth].sum()),
        false_negative=float(share[~taken & truth].sum()),
        true_negative=float(share[~taken & ~truth].sum()),
    )
