"""How far a metric may be off: the same metric on rows drawn again and again from the same part."""

from collections.abc import Iterator

import numpy as np

from models._contract import Strict
from train.part import Floats, Part
from train.ranking import METRICS, Ranking

ROUNDS = 300
LEVEL = 0.95
SEED = 0
"""Always the same, so that two models asked about the same rows are asked about the same draws."""


class Measured(Strict):
    """A metric with its 95 % bootstrap interval."""

    value: float
    interval: tuple[float, float]


class Drawn(Strict):
    """The metrics of one contender: as observed, and in every draw."""

    observed: dict[str, float]
    draws: dict[str, list[float]]

    def measured(self) -> dict[str, Measured]:
        """Each metric with its interval."""
        return {name: _measured(value, self.draws[name]) for name, value in self.observed.items()}

    def minus(self, other: "Drawn") -> dict[str, Measured]:
        """The difference of each metric, with the interval of the difference."""
        return {
            name: _measured(
                value - other.observed[name],
                np.subtract(self.draws[name], other.draws[name]).tolist(),
            )
            for name, value in self.observed.items()
        }


def draw(part: Part, scores: Floats, rounds: int = ROUNDS) -> Drawn:
    """Measure one contender as it is, and on rows drawn with replacement."""
    ranking = Ranking(part.positive, scores)
    found = [_metrics(ranking, weights) for weights in resampled(part, rounds)]
    return Drawn(
        observed=_metrics(ranking, part.weights),
        draws={name: [each[name] for each in found] for name in METRICS},
    )


def resampled(part: Part, rounds: int = ROUNDS) -> Iterator[Floats]:
    """Weights of the rows when they are drawn with replacement, within each outcome.

    Within each, because a class-balanced file was drawn so, and because a metric needs both.
    """
    rng = np.random.default_rng(SEED)
    groups = [np.flatnonzero(part.positive), np.flatnonzero(~part.positive)]
    for _ in range(rounds):
        counts = np.zeros(len(part))
        for rows in groups:
            drawn = rng.integers(0, len(rows), len(rows))
            counts[rows] = np.bincount(drawn, minlength=len(rows))
        yield counts * part.weights


def _metrics(ranking: Ranking, weights: Floats) -> dict[str, float]:
    return {name: metric(ranking, weights) for name, metric in METRICS.items()}


def _measured(value: float, draws: list[float]) -> Measured:
    low, high = np.quantile(draws, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)).tolist()
    return Measured(value=value, interval=(low, high))
