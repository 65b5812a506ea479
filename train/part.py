"""Some of the labelled rows: those trained on, those validated on, or those held out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from train.source import SourceError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

FEWEST_OF_EACH = 20
"""With fewer of one outcome a held-out part could hold none, and nothing could be measured."""


@dataclass(frozen=True, eq=False)
class Part:
    """Contract rows, whether each is positive, and how many of the population it stands for.

    `years` says when each row came about, where that is known; a model never sees it.
    """

    rows: Sequence[Any]
    positive: Bools
    weights: Floats
    years: Integers | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Integers) -> "Part":
        """The rows with these numbers, in this order."""
        rows = [self.rows[index] for index in indices]
        years = None if self.years is None else self.years[indices]
        return Part(rows, self.positive[indices], self.weights[indices], years)

    @property
    def base_rate(self) -> float:
        """The share of the population that is positive."""
        return float(np.average(self.positive, weights=self.weights))


def whole(
    rows: Sequence[Any],
    positive: Bools,
    weights: Floats | None = None,
    years: Integers | None = None,
) -> Part:
    """All rows of a source, each counting once unless weighted."""
    return Part(rows, positive, np.ones(len(rows)) if weights is None else weights, years)


def check_enough(part: Part, source: str) -> None:
    """Refuse a source with hardly any row of one outcome.

    Raises:
        SourceError: fewer than `FEWEST_OF_EACH`.
    """
    positive = int(part.positive.sum())
    fewest = min(positive, len(part) - positive)
    if fewest < FEWEST_OF_EACH:
        msg = (
            f"{source} holds {positive} positive and {len(part) - positive} negative rows: "
            f"at least {FEWEST_OF_EACH} of each are needed to train on"
        )
        raise SourceError(msg)
