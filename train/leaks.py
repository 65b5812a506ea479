"""Columns that know the outcome: some by name, the others because one alone predicts too well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from train.part import Bools, Floats, Integers, Part
from train.ranking import Ranking
from train.source import SourceError

LIMIT = 0.80
FOLDS = 3
MOST_ROWS = 30_000
"""More rows would not change whether a column is far above or below the limit."""

DEPTH, SMALLEST_LEAF = 8, 20
PRIOR_ROWS = 10
"""A level of few rows is believed to be like all levels, as far as this many rows say so."""

Columns = Mapping[str, Sequence[Any]]


class LeakError(SourceError):
    """A column knows the outcome; the text says which and why it may not be learned."""


@dataclass(frozen=True)
class Guard:
    """`banned` gives the reason for each name; `limit` is the ROC-AUC no column reaches alone."""

    banned: Mapping[str, str] = field(default_factory=dict)
    limit: float = LIMIT

    def check(self, columns: Columns, part: Part, seed: int) -> dict[str, float]:
        """Look at the columns that are to be learned, and return the ROC-AUC of each alone.

        Raises:
            LeakError: one is banned, or reaches the limit.
        """
        for name in columns:
            if name in self.banned:
                msg = f"the column {name} may not be learned: {self.banned[name]}"
                raise LeakError(msg)
        found = alone(columns, part, seed)
        for name, value in found.items():
            # Put this way round so that NaN fails too.
            if not value < self.limit:
                msg = (
                    f"the column {name} alone reaches a ROC-AUC of {value:.3f} out of fold, and "
                    f"{self.limit:g} is the limit: does it know the outcome? Leave it out, or say "
                    "in the recipe why it may stay"
                )
                raise LeakError(msg)
        return found


def alone(columns: Columns, part: Part, seed: int) -> dict[str, float]:
    """What a small tree, or the rate of each level, makes of every column: the best comes first."""
    rows = _some(len(part), seed)
    part = part.take(rows)
    found = {
        name: _out_of_fold([values[row] for row in rows.tolist()], part, seed)
        for name, values in columns.items()
    }
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def transposed(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Columns by name, from rows of cells."""
    return dict(zip(names, zip(*rows, strict=True), strict=True))


def _some(rows: int, seed: int) -> Integers:
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False)


def _out_of_fold(values: Sequence[Any], part: Part, seed: int) -> float:
    """Of every row, what the other folds say of its value."""
    scores = np.empty(len(part))
    predict = _by_level if isinstance(values[0], str) else _by_tree
    column = np.array(values)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    aucs = []
    for learned, asked in folds.split(scores, part.positive):
        scores[asked] = predict(column, part.positive, part.weights, learned)[asked]
        ranking = Ranking(part.positive[asked], scores[asked])
        aucs.append(ranking.roc_auc(part.weights[asked]))
    # Fold by fold: two folds' rates are no ranking of each other's rows.
    return float(np.mean(aucs))


def _by_tree(column: Any, positive: Bools, weights: Floats, learned: Integers) -> Floats:
    tree = DecisionTreeClassifier(
        max_depth=DEPTH, min_samples_leaf=SMALLEST_LEAF, random_state=0
    ).fit(column[learned, None].astype(float), positive[learned], sample_weight=weights[learned])
    chances: Floats = tree.predict_proba(column[:, None].astype(float))[:, -1]
    return chances


def _by_level(column: Any, positive: Bools, weights: Floats, learned: Integers) -> Floats:
    _, levels = np.unique(column, return_inverse=True)
    known, share = levels[learned], weights[learned] / weights[learned].mean()
    prior = np.average(positive[learned], weights=share)
    total = np.bincount(known, share, levels.max() + 1)
    hits = np.bincount(known, share * positive[learned], levels.max() + 1)
    rates: Floats = (hits + PRIOR_ROWS * prior) / (total + PRIOR_ROWS)
    return rates[levels]
