"""How good the model is within each group of rows: an average hides who pays for it."""

from collections.abc import Sequence

import numpy as np

from models._contract import Strict
from train.part import FEWEST_OF_EACH, Floats, Part
from train.ranking import Ranking

ENOUGH_OF_EACH = 2 * FEWEST_OF_EACH
"""With fewer of one outcome the ROC-AUC of a group is mostly chance."""


class Subgroup(Strict):
    """Held-out rows that have one value in a field; `roc_auc` is None where they are too few."""

    field: str
    value: str
    rows: int
    base_rate: float
    mean_score: float
    declared_positive: float
    roc_auc: float | None


def subgroups(
    part: Part, scores: Floats, threshold: float, fields: Sequence[str]
) -> list[Subgroup]:
    """One for every value of every field."""
    found = []
    for field in fields:
        values = np.array([str(getattr(row, field)) for row in part.rows])
        found += [
            _group(field, str(value), part.take(rows), scores[rows], threshold)
            for value in np.unique(values)
            for rows in [np.flatnonzero(values == value)]
        ]
    return found


def _group(field: str, value: str, part: Part, scores: Floats, threshold: float) -> Subgroup:
    positive = int(part.positive.sum())
    enough = min(positive, len(part) - positive) >= ENOUGH_OF_EACH
    ranking = Ranking(part.positive, scores)
    return Subgroup(
        field=field,
        value=value,
        rows=len(part),
        base_rate=part.base_rate,
        mean_score=float(np.average(scores, weights=part.weights)),
        declared_positive=float(np.average(scores >= threshold, weights=part.weights)),
        roc_auc=ranking.roc_auc(part.weights) if enough else None,
    )
