"""Breast cancer: scaled measurements and boosted trees, on the data set in scikit-learn."""

import hashlib
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

from models import breast_cancer
from models._contract import Policy
from serving.estimator import SklearnEstimator
from serving.manifest import Data
from serving.runner import Runner
from train.gate import Gate
from train.part import Floats, Integers, Part, whole
from train.recipe import About, Order, Outcome, Progress
from train.split import random_split

CONTRACT = breast_cancer
OPTIONS = frozenset({"seed"})
GATE = Gate(
    floors={
        "cv_roc_auc_mean": 0.98,
        "test_roc_auc": 0.97,
        "test_accuracy": 0.92,
        "test_recall": 0.92,
    },
    ceilings={"test_brier": 0.06},
)
ABOUT = About(
    predicts="Whether the cell sample of a breast biopsy is malignant, from thirty measurements of "
    "the cell nuclei in one digitised image.",
    licence="Breast Cancer Wisconsin (Diagnostic), UCI Machine Learning Repository, CC BY 4.0",
    cautions=(
        "Not medical advice: an example of how a model is served, from one hospital of the 1990s.",
    ),
)
FOLDS = 5
MALIGNANT, BENIGN = 0, 1
"""As in the data set: the contract takes column 0 for malignant."""


def train(order: Order, progress: Progress, /) -> Outcome:
    """Split 80/20 by outcome, fit the scaler on the training part only, then the trees."""
    everything, fingerprint = _read()
    # By the target as it is, not by its opposite: a split is drawn label by label, in their order.
    split = random_split(len(everything), order.seed, (0.8, 0.0, 0.2), stratify=_target(everything))
    parts = {"train": everything.take(split.train), "test": everything.take(split.test)}
    scaler, measurements, target = _prepared(parts["train"])
    progress("fitting", 0)
    model = _classifier(order.seed).fit(scaler.transform(measurements), target)
    return Outcome(
        runner=Runner(breast_cancer, SklearnEstimator(scaler, model), Policy()),
        score="malignant_probability",
        parts=parts,
        extra=_cross_validated(scaler.transform(measurements), target, order.seed, progress),
        data=Data(
            source="scikit-learn's breast cancer data set",
            synthetic=False,
            fingerprint=fingerprint,
            rows={name: len(part) for name, part in parts.items()},
            dropped={},
            seed=order.seed,
        ),
        gate=GATE,
        about=ABOUT,
    )


def _read() -> tuple[Part, str]:
    """All 569 biopsies as contract rows, and the sha256 of the numbers."""
    data = load_breast_cancer()
    fields = [str(name).replace(" ", "_") for name in data.feature_names]
    rows = [
        breast_cancer.Biopsy(**dict(zip(fields, measurements, strict=True)))
        for measurements in data.data.tolist()
    ]
    digest = hashlib.sha256(data.data.tobytes() + data.target.astype("<i8").tobytes())
    return whole(rows, data.target == MALIGNANT), digest.hexdigest()


def _target(part: Part) -> Integers:
    return np.where(part.positive, MALIGNANT, BENIGN)


def _prepared(part: Part) -> tuple[StandardScaler, Floats, Integers]:
    """A scaler that has seen this part only, with its measurements and target."""
    measurements = breast_cancer.features(part.rows)
    return StandardScaler().fit(measurements), measurements, _target(part)


def _classifier(seed: int) -> Any:
    return GradientBoostingClassifier(
        n_estimators=200, learning_rate=0.05, max_depth=4, subsample=0.8, random_state=seed
    )


def _cross_validated(
    scaled: Floats, target: Integers, seed: int, progress: Progress
) -> dict[str, float]:
    """ROC-AUC over folds of the training part; that they share one scaler is nothing to trees."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(scaled, target)
    found = []
    for number, (learned, asked) in enumerate(folds, start=1):
        model = _classifier(seed).fit(scaled[learned], target[learned])
        found.append(roc_auc_score(target[asked], model.predict_proba(scaled[asked])[:, 1]))
        progress("cross-validating", number / FOLDS)
    return {"cv_roc_auc_mean": float(np.mean(found)), "cv_roc_auc_std": float(np.std(found))}
