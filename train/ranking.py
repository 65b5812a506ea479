"""Metrics of scores under ever new weights: what is the same for all weights is worked out once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from train.part import Bools, Floats, Integers

BINS = 10
"""Of the calibration curve: each holds as many rows as the next."""

ROWS_PER_BIN = 20
SMALLEST = 1e-15
"""A probability of 0 would make the log loss infinite."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """Scores with the truth, in falling order of the score."""

    positive: Bools
    scores: Floats

    @cached_property
    def _order(self) -> Integers:
        return np.argsort(-self.scores, kind="stable")

    @cached_property
    def _ends(self) -> Integers:
        """The last row of each run of equal scores: ties are told apart by nobody."""
        ordered = self.scores[self._order]
        return np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))

    @cached_property
    def bins(self) -> Integers:
        """The calibration bin of each row; equal scores share one."""
        count = int(np.clip(len(self.scores) // ROWS_PER_BIN, 2, BINS))
        edges = np.unique(np.quantile(self.scores, np.arange(1, count) / count))
        return np.searchsorted(edges, self.scores, side="right")

    @cached_property
    def _losses(self) -> Floats:
        likely = np.where(self.positive, self.scores, 1 - self.scores)
        losses: Floats = -np.log(np.clip(likely, SMALLEST, 1))
        return losses

    def hits(self, weights: Floats) -> tuple[Floats, Floats]:
        """The weight of positive and of negative rows with at least each score, from the top."""
        ordered, positive = weights[self._order], self.positive[self._order]
        return (
            np.cumsum(ordered * positive)[self._ends],
            np.cumsum(ordered * ~positive)[self._ends],
        )

    def roc_auc(self, weights: Floats) -> float:
        """The chance that a positive row scores above a negative one."""
        hits, misses = (np.concatenate([[0.0], each]) for each in self.hits(weights))
        return float(np.trapezoid(hits, misses) / (hits[-1] * misses[-1]))

    def average_precision(self, weights: Floats) -> float:
        """Precision, averaged over the positive rows."""
        hits, misses = self.hits(weights)
        steps = np.diff(hits, prepend=0.0)
        total = hits + misses
        return float(np.sum(steps * hits / np.where(total > 0, total, 1)) / hits[-1])

    def brier(self, weights: Floats) -> float:
        """The mean squared distance of score and outcome."""
        return float(np.average((self.scores - self.positive) ** 2, weights=weights))

    def log_loss(self, weights: Floats) -> float:
        """The mean surprise."""
        return float(np.average(self._losses, weights=weights))

    def calibration_error(self, weights: Floats) -> float:
        """By how much score and outcome differ in a bin, on average."""
        gaps = np.bincount(self.bins, weights * (self.scores - self.positive))
        return float(np.abs(gaps).sum() / weights.sum())


METRICS: Mapping[str, Callable[[Ranking, Floats], float]] = {
    "roc_auc": Ranking.roc_auc,
    "average_precision": Ranking.average_precision,
    "brier": Ranking.brier,
    "log_loss": Ranking.log_loss,
    "calibration_error": Ranking.calibration_error,
}

HIGHER_IS_BETTER = frozenset({"roc_auc", "average_precision"})
