"""Metrics, measured through the very functions that serve."""

from collections.abc import Mapping

import numpy as np
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    log_loss,
    precision_recall_fscore_support,
    roc_auc_score,
)

from serving.runner import Runner
from train.part import Floats, Part
from train.recipe import Outcome
from train.verdict import Verdict


def judge(outcome: Outcome) -> Verdict:
    """Measure a trained model, then ask its recipe's gate."""
    metrics = evaluate(outcome.runner, outcome.score, outcome.parts) | dict(outcome.extra)
    return Verdict(metrics, outcome.gate.check(metrics))


def scores(runner: Runner, field: str, part: Part) -> Floats:
    """The field of each prediction that holds the probability of the positive outcome."""
    return np.array([getattr(prediction, field) for prediction in runner.predict(part.rows)])


def evaluate(runner: Runner, field: str, parts: Mapping[str, Part]) -> dict[str, float]:
    """The metrics of every part, each prefixed with the part's name, as in `test_roc_auc`."""
    return {
        f"{name}_{metric}": value
        for name, part in parts.items()
        for metric, value in measure(
            part, scores(runner, field, part), runner.policy.threshold
        ).items()
    }


def measure(part: Part, scores: Floats, threshold: float) -> dict[str, float]:
    """All metrics of one part, weighted.

    Precision, recall and F1 are means over both outcomes. `base_brier` is what the share of
    positive rows would score as a constant answer, `brier_skill` the part of it the model saves.
    """
    truth, weights = part.positive, part.weights
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, scores >= threshold, sample_weight=weights, average="macro", zero_division=0
    )
    base = float(np.average(truth, weights=weights))
    brier, base_brier = _brier(part, scores), base * (1 - base)
    measured = {
        "roc_auc": roc_auc_score(truth, scores, sample_weight=weights),
        "average_precision": average_precision_score(truth, scores, sample_weight=weights),
        "brier": brier,
        "base_brier": base_brier,
        "brier_skill": 1 - brier / base_brier,
        "log_loss": log_loss(truth, scores, sample_weight=weights),
        "accuracy": accuracy_score(truth, scores >= threshold, sample_weight=weights),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "base_rate": base,
        "mean_score": np.average(scores, weights=weights),
    }
    return {name: float(value) for name, value in measured.items()}


def _brier(part: Part, scores: Floats) -> float:
    return float(brier_score_loss(part.positive, scores, sample_weight=part.weights))
