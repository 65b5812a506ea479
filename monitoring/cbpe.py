"""Confidence-based performance estimation: how good answers should be, judged by their own scores.

Where a probability means what it says, a decision made at p = 0.9 is wrong one time in ten, and no
label is needed to add that up. NannyML made the method known; Guillory and others (2021) tested it.
"""

import numpy as np
from pydantic import Field

from models._contract import Strict
from monitoring.reference import Bools, Floats, Score

CAVEAT = (
    "Expected, not measured: it supposes that a score still means what it meant in training. It "
    "sees that rows have become harder, and is blind to a changed relation between rows and "
    "outcomes. Only outcomes can show that."
)


class Expected(Strict):
    """What accuracy and ROC-AUC should be for the scores seen, and for those of the reference."""

    accuracy: float
    reference_accuracy: float
    roc_auc: float | None = Field(
        description="None where all should have one outcome. Rather low where scores crowd."
    )
    reference_roc_auc: float | None
    caveat: str = CAVEAT


def expected(score: Score, counts: Floats) -> Expected:
    """Estimate from how many rows fell between two edges of the grid; these are taken to tie."""
    chances, shares = np.array(score.chances), np.array(score.grid_shares)
    positive = np.array([0.0, *score.grid]) >= score.threshold
    return Expected(
        accuracy=accuracy(counts, chances, positive),
        reference_accuracy=accuracy(shares, chances, positive),
        roc_auc=roc_auc(counts, chances),
        reference_roc_auc=roc_auc(shares, chances),
    )


def accuracy(counts: Floats, chances: Floats, positive: Bools) -> float:
    """(sum of p where the decision is positive + sum of 1 - p where it is not) / n."""
    return float(np.average(np.where(positive, chances, 1 - chances), weights=counts))


def roc_auc(counts: Floats, chances: Floats) -> float | None:
    """Each bin's p times the 1 - p below it and half its own, over sum of p times sum of 1 - p."""
    positive, negative = counts * chances, counts * (1 - chances)
    pairs = positive.sum() * negative.sum()
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs else None
