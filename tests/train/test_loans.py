import numpy as np
import pytest

from train.loans import class_weights, weights

HALF = np.array([True] * 9_995 + [False] * 9_992)


def test_a_balanced_sample_is_weighted_back_to_the_national_file():
    paid, lost = class_weights(HALF)

    assert (round(paid, 3), round(lost, 3)) == (74.020, 15.764)


def test_weighted_loans_sum_to_the_population():
    by_loan = weights(HALF, class_weights(HALF))

    assert by_loan[HALF].sum() == pytest.approx(157_558)
    assert by_loan[~HALF].sum() == pytest.approx(739_609)


def test_without_class_weights_every_loan_counts_once():
    assert weights(np.array([True, False]), None).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("outcome", [True, False])
def test_one_outcome_alone_cannot_be_weighted(outcome):
    with pytest.raises(ValueError, match="both paid and charged-off loans are needed"):
        class_weights(np.array([outcome, outcome]))
