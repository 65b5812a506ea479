"""How good answers were, by their outcomes, and how bad they may be before that is an alarm.

The levels come from the reference and not from a constant: it says how scores lay on rows that
training had not seen, and which part of them came out positive. From that windows of the same size
are drawn, and the level is what one in so many of them would pass although nothing changed.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field

from models._contract import Strict
from monitoring.divergence import normal
from monitoring.reference import Bools, Floats, Score

# Of all windows in which nothing changed, the part that may be called worse, by any of the three.
FALSE_ALARMS = 0.01
# Fewer outcomes say nothing: one error more or less would be a percent.
LEAST_OUTCOMES = 100
DRAWS = 6_000
SEED = 0
# Sizes are rounded down to steps of 5 %: smaller windows vary more, so no level is too strict.
STEP = 1.05

Interval = tuple[float, float]


class Measure(Strict):
    """One figure of a window. `worse` says that it lies beyond its level."""

    value: float
    interval: Annotated[Interval, Field(description="95 %.")]
    expected: Annotated[float, Field(description="On the held-out rows of training.")]
    level: Annotated[float, Field(description="Beyond it lies no chance window in 300.")]
    worse: bool


class Quality(Strict):
    """A window's answers against their outcomes; None where one outcome is all there is."""

    rows: int
    positive_share: float
    accuracy: Measure
    brier: Measure
    roc_auc: Measure | None

    @property
    def worse(self) -> bool:
        """Whether any figure is."""
        return any(each.worse for each in (self.accuracy, self.brier, self.roc_auc) if each)


@dataclass(frozen=True)
class Levels:
    """What is expected of a window, and where its alarms are."""

    accuracy: Interval
    brier: Interval
    roc_auc: Interval


def quality(score: Score, scores: Floats, positive: Bools) -> Quality | None:
    """Judge answers by their outcomes, both one a row; None below 100 of them."""
    n = len(scores)
    if n < LEAST_OUTCOMES:
        return None
    known = levels(score, step(n))
    right = ((scores >= score.threshold) == positive).astype(float)
    losses = np.square(scores - positive)
    auc = roc_auc(scores, positive)
    return Quality(
        rows=n,
        positive_share=float(positive.mean()),
        accuracy=_at_least(float(right.mean()), wilson(right.mean(), n), known.accuracy),
        brier=_at_most(losses, known.brier),
        roc_auc=None
        if auc is None
        else _at_least(auc, hanley_mcneil(auc, int(positive.sum()), n), known.roc_auc),
    )


def _at_least(value: float, interval: Interval, known: Interval) -> Measure:
    expected, level = known
    return Measure(
        value=value, interval=interval, expected=expected, level=level, worse=value < level
    )


def _at_most(losses: Floats, known: Interval) -> Measure:
    value, half = float(losses.mean()), float(1.96 * losses.std() / len(losses) ** 0.5)
    expected, level = known
    interval = (max(value - half, 0.0), min(value + half, 1.0))
    return Measure(
        value=value, interval=interval, expected=expected, level=level, worse=value > level
    )


def step(n: int) -> int:
    """The size whose levels are used for a window of n rows: at most n."""
    return min(n, int(np.ceil(STEP ** np.floor(np.log(n) / np.log(STEP)))))


@lru_cache(maxsize=256)
def levels(score: Score, n: int, false_alarms: float = FALSE_ALARMS) -> Levels:
    """Draw windows of n rows as the reference says they are; the same every time.

    A cell is a bin of the score's grid with one of the outcomes. How many of the reference's rows
    each cell held is itself chance, so each window is drawn from shares that are drawn (Dirichlet,
    by the effective rows of the reference): with few held-out rows the levels are wide. A row
    is taken to have the score in the middle of its bin.
    """
    rng = np.random.default_rng(SEED)
    shares, chances = np.array(score.grid_shares), np.array(score.chances)
    cells = np.concatenate([shares * chances, shares * (1 - chances)])
    middles = _middles(score)
    decided = np.array([0.0, *score.grid]) >= score.threshold
    drawn = rng.dirichlet(np.maximum(cells * score.rows, 1e-3), DRAWS)
    held = rng.multinomial(n, drawn).astype(float)
    right = np.concatenate([decided, ~decided]).astype(float)
    losses = np.concatenate([np.square(1 - middles), np.square(middles)])
    aucs = _binned_auc(held)
    low, high = false_alarms / 3, 1 - false_alarms / 3
    expected = _binned_auc(cells[None, :])
    return Levels(
        accuracy=(float(cells @ right), _low(held @ right / n, low)),
        brier=(float(cells @ losses), float(np.quantile(held @ losses / n, high, method="higher"))),
        roc_auc=(float(expected[0]), _low(aucs, low)),
    )


def _low(values: Floats, level: float) -> float:
    return float(np.quantile(values[~np.isnan(values)], level, method="lower"))


def _middles(score: Score) -> Floats:
    bounds = np.array([0.0, *score.grid, 1.0])
    middles: Floats = (bounds[:-1] + bounds[1:]) / 2
    return middles


def _binned_auc(held: Floats) -> Floats:
    """ROC-AUC of each line's counts, first of positive rows by bin, then of negative ones."""
    positive, negative = np.split(held, 2, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    ranked = (positive * below).sum(axis=1)
    found: Floats = np.divide(ranked, pairs, out=np.full(len(held), np.nan), where=pairs > 0)
    return found


def roc_auc(scores: Floats, positive: Bools) -> float | None:
    """How often a positive row is scored above a negative one, ties being half (Mann-Whitney)."""
    if positive.all() or not positive.any():
        return None
    distinct, place = np.unique(scores, return_inverse=True)
    held = np.concatenate(
        [np.bincount(place[each], minlength=len(distinct)) for each in (positive, ~positive)]
    )
    return float(_binned_auc(held[None, :].astype(float))[0])


def wilson(share: float, n: int, z: float = normal(0.975)) -> Interval:
    """Interval of a share that was seen in n rows (Wilson, 1927)."""
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return float(middle - half), float(middle + half)


def hanley_mcneil(auc: float, positive: int, n: int, z: float = normal(0.975)) -> Interval:
    """Interval of a ROC-AUC (Hanley and McNeil, 1982)."""
    negative = n - positive
    above, below = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (
        auc * (1 - auc) + (positive - 1) * (above - auc**2) + (negative - 1) * (below - auc**2)
    ) / (positive * negative)
    half = z * max(variance, 0.0) ** 0.5
    return max(auc - half, 0.0), min(auc + half, 1.0)
