"""The biopsy contract: thirty numbers in the data set's own order, and which class is which."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from models import breast_cancer
from models._contract import Policy
from models.breast_cancer import Biopsy

DATA = load_breast_cancer()
ROWS = [
    Biopsy.model_validate(dict(zip(Biopsy.model_fields, row.tolist(), strict=True)))
    for row in DATA.data
]


def diagnose(malignant, policy):
    probabilities = np.array([[malignant, 1 - malignant]])
    return breast_cancer.predictions(ROWS[:1], probabilities, policy)[0]


def test_the_fields_are_the_data_sets_in_its_order():
    assert [name.replace(" ", "_") for name in DATA.feature_names] == list(Biopsy.model_fields)


def test_every_sample_of_the_data_set_is_within_the_bounds_and_keeps_its_bits():
    assert np.array_equal(breast_cancer.features(ROWS), DATA.data)


def test_the_order_in_which_fields_are_sent_does_not_matter():
    backwards = [Biopsy.model_validate(dict(reversed(row.model_dump().items()))) for row in ROWS]

    assert np.array_equal(breast_cancer.features(backwards), DATA.data)


def test_column_zero_is_malignant_as_in_the_data_set():
    assert DATA.target_names[0] == "malignant"
    assert diagnose(0.9, Policy()).malignant_probability == 0.9


@pytest.mark.parametrize(("malignant", "label"), [(0.29, "benign"), (0.3, "malignant")])
def test_the_label_turns_exactly_at_the_policys_threshold(malignant, label):
    assert diagnose(malignant, Policy(threshold=0.3)).label == label


def test_both_probabilities_are_given_and_add_up():
    diagnosis = diagnose(0.25, Policy())

    assert diagnosis.malignant_probability + diagnosis.benign_probability == 1
