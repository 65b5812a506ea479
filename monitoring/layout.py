"""Where in the counts what is found.

Counts are one array of whole numbers, so those of other rows, times and workers are added to them,
in any order, and nothing is lost. Probabilities are summed in steps of 2^-24 for the same reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from monitoring.reference import Categories, Reference

Counts = npt.NDArray[np.int64]

# 2^63 / 2^24 = 5e11 rows can be summed, and a mean is off by less than 3e-8.
STEPS = 2**24


@dataclass(frozen=True)
class Layout:
    """For each feature its bins, for the score its own; sums and other cells by number."""

    features: dict[str, slice]
    score: slice
    unseen: dict[str, int]
    grid: slice
    sum: int
    squares: int
    missed: int
    cells: int

    @classmethod
    def of(cls, reference: Reference) -> "Layout":
        """The features' bins, the score's, what was unseen by feature, the grid, three sums."""
        features, score = reference.features, reference.score
        closed = [name for name, each in features.items() if isinstance(each, Categories)]
        lengths = [len(each.bins) for each in (*features.values(), score)]
        *bins, unseen, grid = _slices([*lengths, len(closed), len(score.grid) + 1])
        return cls(
            features=dict(zip(features, bins, strict=False)),
            score=bins[-1],
            unseen={name: cell for cell, name in enumerate(closed, unseen.start)},
            grid=grid,
            sum=grid.stop,
            squares=grid.stop + 1,
            missed=grid.stop + 2,
            cells=grid.stop + 3,
        )

    def moments(self, counts: Counts) -> "Moments":
        """How many rows were counted, and the mean and standard deviation of their scores."""
        rows = int(counts[self.score].sum())
        mean, square = (int(counts[at]) / STEPS / max(rows, 1) for at in (self.sum, self.squares))
        return Moments(rows, mean, max(square - mean**2, 0.0) ** 0.5)


@dataclass(frozen=True)
class Moments:
    """What is known of scores without their bins."""

    rows: int
    mean: float
    deviation: float


def _slices(lengths: Sequence[int]) -> list[slice]:
    return [slice(start, stop) for start, stop in pairwise([0, *accumulate(lengths)])]
