from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import bentoml
import numpy as np
import pytest

from models import sentiment as contract
from train import sentiment
from train.challenge import champion
from train.evaluate import judge
from train.recipe import Order
from train.store import save

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def fought(outcome, stored):
    found = judge(outcome, stored).challenge
    assert found is not None
    return found


@pytest.fixture
def stored(store, phrases):
    """The phrases' model, stored, as the one to beat."""
    save(phrases, judge(phrases), STARTED, 1)
    return champion(contract)


class _Shuffled:
    """Answers as another row would be answered."""

    kind = "shuffled"

    def __init__(self, estimator):
        self.estimator = estimator

    def predict_proba(self, texts):
        return self.estimator.predict_proba(texts)[::-1]


def worse(outcome):
    runner = outcome.runner
    return replace(outcome, runner=replace(runner, estimator=_Shuffled(runner.estimator)))


def test_in_an_empty_store_there_is_nobody_to_beat(store):
    assert champion(contract) is None


def test_the_same_model_again_is_not_worse(stored, phrases):
    found = fought(phrases, stored)

    assert found.failures == []
    assert found.leads["roc_auc"].value == 0
    assert found.rows == len(phrases.parts["test"])


def test_a_deliberately_worse_model_is_refused_and_the_line_names_metric_and_stored_model(
    stored, phrases
):
    failures = judge(worse(phrases), stored).failures

    assert any(f"against {stored.tag} on the same held-out rows" in line for line in failures)
    assert any(line.startswith("roc_auc is -") for line in failures)


def test_the_stored_model_is_not_asked_about_rows_that_it_has_learned(stored):
    """With another seed most rows held out now were learned then, and answers would be known."""
    other = sentiment.train(Order(seed=7), lambda *_: None)
    found = fought(other, stored)

    assert found.rows < len(other.parts["test"]) / 2


def test_made_up_rows_do_not_replace_real_ones(stored, phrases):
    verdict = judge(phrases, replace(stored, synthetic=False))

    assert any("a model of synthetic data does not replace it" in line for line in verdict.failures)


def test_a_stored_model_that_can_not_be_read_stops_nobody_and_is_mentioned(
    store, phrases, monkeypatch
):
    tag = save(phrases, judge(phrases), STARTED, 1)
    model = bentoml.models.get(tag)
    file = Path(model.path) / "model.skops"
    file.write_bytes(file.read_bytes() + b"x")

    found = fought(phrases, champion(contract))

    assert found.failures == []
    assert "not compared with the stored model" in found.note


def test_a_difference_that_may_be_chance_refuses_nothing(stored, phrases):
    """A hundredth of noise on every score is no worse model."""
    noisy = replace(phrases, runner=replace(phrases.runner, estimator=_Noisy(phrases)))

    assert fought(noisy, stored).failures == []


class _Noisy:
    kind = "noisy"

    def __init__(self, outcome):
        self.estimator = outcome.runner.estimator

    def predict_proba(self, texts):
        chances = self.estimator.predict_proba(texts)[:, 1]
        noise = np.random.default_rng(1).normal(0, 0.005, len(chances))
        chances = np.clip(chances + noise, 0, 1)
        return np.column_stack((1 - chances, chances))
