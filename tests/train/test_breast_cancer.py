import hashlib

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from models import breast_cancer as contract
from train.evaluate import judge


def test_the_known_answer_comes_out(biopsies):
    """On scikit-learn 1.9.1: the figures that anyone gets who follows the recipe by hand."""
    metrics = judge(biopsies).metrics

    assert round(metrics["cv_roc_auc_mean"], 4) == 0.9922
    assert round(metrics["cv_roc_auc_std"], 4) == 0.0053
    assert round(metrics["test_roc_auc"], 4) == 0.9921
    assert round(metrics["test_accuracy"], 4) == 0.9561


def test_it_passes_its_gate(biopsies):
    assert judge(biopsies).failures == []


def test_the_held_out_rows_are_those_of_the_stratified_split_with_seed_42(biopsies):
    data = load_breast_cancer()
    _, expected = train_test_split(data.data, test_size=0.2, stratify=data.target, random_state=42)

    assert np.array_equal(expected, contract.features(biopsies.parts["test"].rows))


def test_the_scaler_has_seen_the_training_part_only(biopsies):
    """Its means are those of the training part, and not those of all rows."""
    scaler = biopsies.runner.estimator.preprocessor
    trained = contract.features(biopsies.parts["train"].rows)

    assert np.allclose(scaler.mean_, trained.mean(axis=0), rtol=1e-12, atol=0)
    assert not np.allclose(scaler.mean_, load_breast_cancer().data.mean(axis=0), rtol=1e-6)


def test_unscaled_measurements_get_other_answers(biopsies):
    """Forgetting the scaler raises no error: only the answers tell."""
    estimator = biopsies.runner.estimator
    unscaled = contract.features(biopsies.parts["test"].rows)

    wrong = estimator.model.predict_proba(unscaled)

    assert abs(wrong - estimator.predict_proba(unscaled)).max() > 0.5


def test_positive_means_malignant(biopsies):
    held_out = biopsies.parts["test"]
    labels = np.array([each.label for each in biopsies.runner.predict(held_out.rows)])

    assert ((labels == "malignant") == held_out.positive).mean() > 0.9


def test_the_settings_are_those_of_the_recipe(biopsies):
    parameters = biopsies.runner.estimator.parameters
    expected = {"n_estimators": 200, "learning_rate": 0.05, "max_depth": 4, "subsample": 0.8}

    assert expected == {name: parameters[f"model__{name}"] for name in expected}
    assert parameters["model__random_state"] == 42


def test_the_fingerprint_is_of_the_numbers(biopsies):
    data = load_breast_cancer()
    numbers = data.data.tobytes() + data.target.astype("<i8").tobytes()

    assert biopsies.data.fingerprint == hashlib.sha256(numbers).hexdigest()
    assert biopsies.data.rows == {"train": 455, "test": 114}


@pytest.mark.parametrize("part", ["train", "test"])
def test_both_parts_hold_as_many_malignant_rows_as_the_whole(biopsies, part):
    share = (load_breast_cancer().target == 0).mean()

    assert biopsies.parts[part].positive.mean() == pytest.approx(share, abs=0.005)
