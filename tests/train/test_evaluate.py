from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss

from train.evaluate import evaluate, judge, measure, scores
from train.gate import Gate
from train.part import whole

TRUTH = np.array([False, False, True, True])
SCORES = np.array([0.1, 0.6, 0.4, 0.8])


def part(truth, weights=None):
    return whole([None] * len(truth), truth, weights)


def test_the_metrics_are_those_worked_out_by_hand():
    measured = measure(part(TRUTH), SCORES, 0.5)

    assert measured["roc_auc"] == 0.75
    assert measured["accuracy"] == measured["precision"] == measured["recall"] == 0.5
    assert measured["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.04) / 4)
    assert measured["base_brier"] == 0.25
    assert measured["brier_skill"] == pytest.approx(1 - measured["brier"] / 0.25)
    assert measured["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert measured["f1"] == f1_score(TRUTH, SCORES >= 0.5, average="macro")
    assert measured["log_loss"] == pytest.approx(log_loss(TRUTH, SCORES))
    assert measured["base_rate"] == 0.5
    assert measured["mean_score"] == pytest.approx(0.475)


def test_a_score_at_the_threshold_is_positive():
    assert measure(part(TRUTH), np.array([0.1, 0.1, 0.5, 0.5]), 0.5)["accuracy"] == 1


def test_a_weight_of_two_counts_as_two_rows():
    twice = np.array([0, 0, 1, 2, 3, 3])
    weights = np.array([2.0, 1.0, 1.0, 2.0])

    expected = measure(part(TRUTH[twice]), SCORES[twice], 0.5)

    assert measure(part(TRUTH, weights), SCORES, 0.5) == pytest.approx(expected)


def test_the_metrics_are_measured_through_the_runner(phrases):
    """A contract that mixes up the classes must show in the metrics: it would do so in service."""
    runner, held_out = phrases.runner, {"test": phrases.parts["test"]}
    mixed_up = replace(runner, estimator=_Mirrored(runner.estimator))

    right = evaluate(runner, phrases.score, held_out)["test_roc_auc"]

    assert evaluate(mixed_up, phrases.score, held_out)["test_roc_auc"] == pytest.approx(1 - right)


class _Mirrored:
    def __init__(self, estimator):
        self.estimator = estimator

    def predict_proba(self, texts):
        return self.estimator.predict_proba(texts)[:, ::-1]


def test_the_scores_are_the_answers_that_clients_get(outcome):
    held_out = outcome.parts["test"]
    answers = outcome.runner.predict(held_out.rows)

    expected = [getattr(answer, outcome.score) for answer in answers]

    assert expected == scores(outcome.runner, outcome.score, held_out).tolist()


def test_both_parts_are_measured_and_the_recipes_own_metrics_are_kept(phrases):
    metrics = judge(phrases).metrics

    assert {"train_roc_auc", "test_roc_auc", "cv_roc_auc_mean", "cv_roc_auc_std"} <= metrics.keys()


def test_the_gate_judges_what_was_measured(phrases):
    judged = judge(replace(phrases, gate=Gate(floors={"test_accuracy": 1.01})))

    assert not judged.passed
    assert len(judged.failures) == 1
