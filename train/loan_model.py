"""How the loan model is fitted: CatBoost, stopped and calibrated by a validation part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from catboost import CatBoostClassifier, Pool
from sklearn.model_selection import StratifiedKFold

from models import loan_default
from serving.estimator import CatBoostEstimator
from train.calibrate import Asked, Calibration, calibration
from train.part import Part
from train.progress import Progress
from train.tune import Search, Settings, Tuning, search

ITERATIONS = 800
PATIENCE = 60
THREADS = 2
"""Fixed, because the order in which threads add up decides the last digits."""

SETTINGS: Settings = {"learning_rate": 0.05, "depth": 6, "l2_leaf_reg": 3.0, "rsm": 1.0}
CHOICES = {
    "learning_rate": (0.03, 0.05, 0.08),
    "depth": (4, 5, 6, 7),
    "l2_leaf_reg": (3.0, 10.0, 30.0),
    "rsm": (0.4, 0.7, 1.0),
}
FOLDS = 3
FIXED = 300
"""Trees where nothing says when to stop."""


@dataclass(frozen=True)
class Fitted:
    """The model with its calibration in it, and how both came about."""

    estimator: CatBoostEstimator
    calibration: Calibration
    tuning: Tuning | None


def fit(parts: Mapping[str, Part], seed: int, budget: float | None, progress: Progress) -> Fitted:
    """Search settings on the training part if there is a budget, fit, stop, calibrate.

    The model stops where it ranks the validation part best. Not where the log loss is least: in a
    year of more charge-offs that is after a few trees, which say little more than the old rate.
    """
    tuning = _tuned(parts["train"], seed, budget, progress) if budget else None
    settings = tuning.chosen if tuning else SETTINGS
    model = _fitted(parts["train"], parts["validation"], settings, seed, progress)
    found = _calibration(model, parts["validation"], seed)
    _apply(model, found)
    return Fitted(CatBoostEstimator(model), found, tuning)


def pool(part: Part) -> Any:
    """Weights of mean 1: CatBoost takes them for rows, and its regularisation counts rows."""
    return Pool(
        loan_default.features(part.rows),
        part.positive.astype(int),
        weight=part.weights / part.weights.mean(),
        feature_names=list(loan_default.FEATURES),
        cat_features=list(loan_default.CATEGORICAL),
    )


def classifier(settings: Mapping[str, Any], seed: int) -> Any:
    """Unfitted."""
    return CatBoostClassifier(
        iterations=ITERATIONS,
        eval_metric="AUC",
        early_stopping_rounds=PATIENCE,
        random_seed=seed,
        thread_count=THREADS,
        allow_writing_files=False,
        verbose=False,
        **settings,
    )


def unstopped(settings: Mapping[str, Any], seed: int) -> Any:
    """Unfitted, with a fixed number of trees: for comparisons that have no validation part."""
    return CatBoostClassifier(
        iterations=FIXED,
        random_seed=seed,
        thread_count=THREADS,
        allow_writing_files=False,
        verbose=False,
        **settings,
    )


def _fitted(
    train: Part, validation: Part, settings: Mapping[str, Any], seed: int, progress: Progress
) -> Any:
    model = classifier(settings, seed)
    return model.fit(pool(train), eval_set=pool(validation), callbacks=[_Iterations(progress)])


@dataclass(frozen=True)
class _Iterations:
    """Passes on how far CatBoost is."""

    progress: Progress

    def after_iteration(self, info: Any) -> bool:
        """Answer True: go on."""
        self.progress("fitting", info.iteration / ITERATIONS)
        return True


def _calibration(model: Any, validation: Part, seed: int) -> Calibration:
    scores = model.predict_proba(pool(validation), thread_count=1)[:, 1]
    return calibration(Asked(scores, validation.positive, validation.weights), seed)


def _apply(model: Any, found: Calibration) -> None:
    """Into the model itself: what is served is one file and one call, calibrated or not."""
    scale, bias = model.get_scale_and_bias()
    model.set_scale_and_bias(scale * found.scale, bias * found.scale + found.shift)


def _tuned(part: Part, seed: int, budget: float, progress: Progress) -> Tuning:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    pairs = [
        (part.take(learned), part.take(asked))
        for learned, asked in folds.split(np.zeros(len(part)), part.positive)
    ]

    def brier(settings: Settings) -> float:
        return float(np.mean([_brier(pair, settings, seed) for pair in pairs]))

    return search(Search(SETTINGS, CHOICES, budget, seed), brier, progress)


def _brier(pair: tuple[Part, Part], settings: Settings, seed: int) -> float:
    """Stopped on the very rows that are asked, which flatters all settings alike."""
    learned, asked = pair
    model = _fitted(learned, asked, settings, seed, _silent)
    scores = model.predict_proba(pool(asked))[:, 1]
    return float(np.average((scores - asked.positive) ** 2, weights=asked.weights))


def _silent(_: str, __: float) -> None:
    """Folds are too many to be shown each."""
