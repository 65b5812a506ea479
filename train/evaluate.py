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
from train.challenge import Champion, challenge
from train.findings import findings
from train.part import Floats, Part
from train.ranking import Ranking
from train.recipe import Outcome
from train.study import DUMMY, MODEL, Study
from train.subgroups import subgroups
from train.verdict import Verdict


def judge(outcome: Outcome, champion: Champion | None = None) -> Verdict:
    """Measure a trained model, then ask its recipe's gate and the model it would replace."""
    metrics = evaluate(outcome.runner, outcome.score, outcome.parts) | dict(outcome.extra)
    part, threshold = outcome.parts["test"], outcome.runner.policy.threshold
    found = scores(outcome.runner, outcome.score, part)
    studies = [_own_study(outcome, found), *outcome.studies]
    measured = [findings(study, outcome.costs, threshold) for study in studies]
    groups = subgroups(part, found, threshold, outcome.groups)
    synthetic = outcome.data.synthetic
    against = (
        challenge(champion, outcome.score, part, found, synthetic=synthetic) if champion else None
    )
    failures = [
        *outcome.gate.check(metrics),
        *outcome.gate.check_leads(measured[0].leads),
        *outcome.gate.check_groups(groups),
        *(against.failures if against else []),
    ]
    return Verdict(metrics, failures, measured, groups, against)


def _own_study(outcome: Outcome, found: Floats) -> Study:
    """The split of the model itself; the dummy says what the rows trained on say on average."""
    part, trained = outcome.parts["test"], outcome.parts["train"]
    constant = np.full(len(part), trained.base_rate)
    return Study(
        split=outcome.data.split_by,
        fingerprint=outcome.data.split or "",
        rows=outcome.data.rows,
        held_out=part,
        answers={MODEL: found, DUMMY: constant, **outcome.baselines},
    )


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
        "calibration_error": Ranking(truth, scores).calibration_error(weights),
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
