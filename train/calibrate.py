"""Probabilities that mean what they say: two numbers fitted to rows the model has not learned."""

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from models._contract import Strict
from train.part import Bools, Floats

FOLDS = 5
EDGE = 1e-9


class Calibration(Strict):
    """Whether log odds were stretched and shifted, and the Brier scores that decided it.

    Both scores are of rows that the numbers compared were not fitted to.
    """

    applied: bool
    scale: float
    shift: float
    brier_before: float
    brier_after: float


@dataclass(frozen=True, eq=False)
class Asked:
    """What a model said of rows it has not learned, and what came out."""

    scores: Floats
    positive: Bools
    weights: Floats


def calibration(asked: Asked, seed: int) -> Calibration:
    """Fit Platt's two numbers; they are applied only if they help rows left out of their fit."""
    x, y, weights = _log_odds(asked.scores), asked.positive, asked.weights / asked.weights.mean()
    after = np.empty(len(y))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learned, left_out in folds.split(x, y):
        scale, shift = _fit(x[learned], y[learned], weights[learned])
        after[left_out] = _chance(scale * x[left_out] + shift)
    before, found = (_brier(each, asked) for each in (asked.scores, after))
    scale, shift = _fit(x, y, weights)
    applied = found < before and scale > 0
    return Calibration(
        applied=applied,
        scale=scale if applied else 1.0,
        shift=shift if applied else 0.0,
        brier_before=before,
        brier_after=found,
    )


def _fit(x: Floats, y: Bools, weights: Floats) -> tuple[float, float]:
    # No penalty: it would pull the scale to 0, where every probability is the same.
    model = LogisticRegression(C=np.inf).fit(x[:, None], y, sample_weight=weights)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _log_odds(scores: Floats) -> Floats:
    inside = np.clip(scores, EDGE, 1 - EDGE)
    return np.log(inside / (1 - inside))


def _chance(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))


def _brier(scores: Floats, asked: Asked) -> float:
    return float(np.average((scores - asked.positive) ** 2, weights=asked.weights))
