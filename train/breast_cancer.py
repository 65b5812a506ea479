"""Breast cancer: scaled measurements and boosted trees, on the data set in scikit-learn."""

import hashlib
from collections.abc import Iterator, Mapping
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
from train.contenders import BOOSTING, LOGISTIC, answers, behind
from train.costs import Costs
from train.gate import Gate
from train.leaks import Guard, transposed
from train.part import Floats, Integers, Part, whole
from train.progress import Progress
from train.recipe import About, Checked, Order, Outcome
from train.split import Split, random_split
from train.study import DUMMY
from train.study import LOGISTIC as LOGISTIC_BASELINE
from train.tune import Search, Settings, Tuning, search
from train.validate import validate

CONTRACT = breast_cancer
OPTIONS = frozenset({"seed", "cost_false_negative", "cost_false_positive", "budget"})
GATE = Gate(
    floors={
        "cv_roc_auc_mean": 0.98,
        "test_roc_auc": 0.97,
        "test_accuracy": 0.92,
        "test_recall": 0.92,
    },
    ceilings={"test_brier": 0.06, "test_calibration_error": 0.08},
    # On so clean a set of 569 rows a straight line does as well as trees.
    leads={DUMMY: 0.4, LOGISTIC_BASELINE: -0.02},
)
ABOUT = About(
    predicts="Whether the cell sample of a breast biopsy is malignant, from thirty measurements of "
    "the cell nuclei in one digitised image.",
    licence="Breast Cancer Wisconsin (Diagnostic), UCI Machine Learning Repository, CC BY 4.0",
    intended="To show how a model of plain numbers is trained, served and watched.",
    forbidden="Not for diagnosing anybody.",
    defects=(
        "569 cases only, collected where more than a third were malignant.",
        "The thirty numbers are three figures of ten measurements and repeat each other.",
    ),
    cautions=(
        "Not medical advice: an example of how a model is served, from one hospital of the 1990s.",
    ),
)
COSTS = Costs()
# A single measurement of these nuclei ranks most cases right: what would give the outcome away is
# only what is all but perfect.
GUARD = Guard(limit=0.99)
SERVED = BOOSTING
SETTINGS: Settings = {"n_estimators": 200, "learning_rate": 0.05, "max_depth": 4, "subsample": 0.8}
CHOICES = {
    "n_estimators": (100, 200, 400),
    "learning_rate": (0.03, 0.05, 0.1),
    "max_depth": (2, 3, 4),
    "subsample": (0.5, 0.8),
}
SOURCE = "scikit-learn's breast cancer data set"
SPLIT = "random 80/20"
FOLDS = 5
MALIGNANT, BENIGN = 0, 1
"""As in the data set: the contract takes column 0 for malignant."""


def train(order: Order, progress: Progress, /) -> Outcome:
    """Split 80/20 by outcome, fit the scaler on the training part only, then the trees."""
    everything, fingerprint = _read()
    report = validate(everything, {}, SOURCE)
    # By the target as it is, not by its opposite: a split is drawn label by label, in their order.
    split = random_split(len(everything), order.seed, (0.8, 0.0, 0.2), stratify=_target(everything))
    parts = {"train": everything.take(split.train), "test": everything.take(split.test)}
    alone = _no_leak(parts["train"], order.seed)
    scaler, measurements, target = _prepared(parts["train"])
    scaled = scaler.transform(measurements)
    tuning = _tuned(scaled, target, order, progress)
    settings = tuning.chosen if tuning else SETTINGS
    progress("fitting", 0)
    model = _classifier(settings, order.seed).fit(scaled, target)
    costs = order.costs(COSTS)
    return Outcome(
        runner=Runner(
            breast_cancer, SklearnEstimator(scaler, model), Policy(threshold=costs.threshold)
        ),
        score="malignant_probability",
        parts=parts,
        extra=_cross_validated(scaled, target, settings, order.seed, progress),
        data=_data(fingerprint, parts, split, order.seed),
        gate=GATE,
        about=ABOUT,
        baselines={LOGISTIC_BASELINE: _logistic(parts, order.seed)},
        alone=alone,
        costs=costs,
        tuning=tuning,
        report=report,
    )


def read(_: Order, /) -> Part:
    """All 569 biopsies."""
    return _read()[0]


def checked(order: Order, /) -> Checked:
    """As `train` looks at them, but all rows at once."""
    everything, fingerprint = _read()
    validate(everything, {}, SOURCE)
    _no_leak(everything, order.seed)
    return Checked(everything, fingerprint)


def candidates(seed: int, /) -> Mapping[str, Any]:
    """Each scales for itself."""
    return behind(StandardScaler, seed)


def _no_leak(part: Part, seed: int) -> dict[str, float]:
    names = list(breast_cancer.Biopsy.model_fields)
    return GUARD.check(transposed(names, breast_cancer.features(part.rows).tolist()), part, seed)


def _logistic(parts: Mapping[str, Part], seed: int) -> Floats:
    return answers(breast_cancer, candidates(seed)[LOGISTIC], parts["train"], parts["test"])


def _data(fingerprint: str, parts: Mapping[str, Part], split: Split, seed: int) -> Data:
    rows = {name: len(part) for name, part in parts.items()}
    return Data(
        source=SOURCE,
        synthetic=False,
        fingerprint=fingerprint,
        rows=rows,
        dropped={},
        seed=seed,
        read=sum(rows.values()),
        split=split.fingerprint,
        split_by=SPLIT,
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


def _classifier(settings: Mapping[str, Any], seed: int) -> Any:
    return GradientBoostingClassifier(**settings, random_state=seed)


def _tuned(scaled: Floats, target: Integers, order: Order, progress: Progress) -> Tuning | None:
    if not order.budget:
        return None

    def brier(settings: Settings) -> float:
        answered = _out_of_fold(scaled, target, settings, order.seed)
        return float(np.mean([np.mean((found - truth) ** 2) for found, truth in answered]))

    return search(Search(SETTINGS, CHOICES, order.budget, order.seed), brier, progress)


def _cross_validated(
    scaled: Floats, target: Integers, settings: Settings, seed: int, progress: Progress
) -> dict[str, float]:
    """ROC-AUC over folds of the training part; that they share one scaler is nothing to trees."""
    found = []
    for number, (scores, truth) in enumerate(_out_of_fold(scaled, target, settings, seed), start=1):
        found.append(roc_auc_score(truth, scores))
        progress("cross-validating", number / FOLDS)
    return {"cv_roc_auc_mean": float(np.mean(found)), "cv_roc_auc_std": float(np.std(found))}


def _out_of_fold(
    scaled: Floats, target: Integers, settings: Settings, seed: int
) -> Iterator[tuple[Floats, Integers]]:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(scaled, target)
    for learned, asked in folds:
        model = _classifier(settings, seed).fit(scaled[learned], target[learned])
        yield model.predict_proba(scaled[asked])[:, 1], target[asked]
