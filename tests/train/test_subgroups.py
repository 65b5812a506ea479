import numpy as np
import pytest

from models.loan_default import EXAMPLE
from train.gate import Gate
from train.part import whole
from train.subgroups import subgroups


@pytest.fixture
def groups():
    """New businesses are ranked right and existing ones upside down; two rows are of neither."""
    ages = ["new"] * 200 + ["existing"] * 200 + ["unknown"] * 2
    rows = [EXAMPLE[0].model_copy(update={"business_age": age}) for age in ages]
    positive = np.arange(402) % 2 == 0
    scores = np.where(positive, 0.8, 0.2)
    scores[200:] = 1 - scores[200:]
    found = subgroups(whole(rows, positive), scores, 0.5, ["business_age"])
    return {group.value: group for group in found}


def test_each_value_of_a_field_is_measured_apart(groups):
    assert (groups["new"].roc_auc, groups["existing"].roc_auc) == (1, 0)
    assert groups["new"].rows == 200
    assert groups["new"].base_rate == groups["new"].declared_positive == 0.5


def test_too_few_rows_say_nothing(groups):
    assert groups["unknown"].roc_auc is None


def test_the_gate_names_the_group_that_is_served_too_badly(groups):
    gate = Gate(floors={}, group_floor=0.6)

    assert gate.check_groups(list(groups.values())) == [
        "ROC-AUC where business_age is existing is 0.0000, should be at least 0.6"
    ]


def test_a_gate_without_a_floor_for_groups_lets_all_pass(groups):
    assert Gate(floors={}).check_groups(list(groups.values())) == []
