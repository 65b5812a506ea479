import numpy as np
import pytest

from train.part import check_enough, whole
from train.source import SourceError


def part(positive, negative):
    return whole([None] * (positive + negative), np.arange(positive + negative) < positive)


def test_rows_labels_and_weights_stay_together():
    all_rows = whole(["a", "b", "c"], np.array([True, False, True]), np.array([1.0, 2.0, 3.0]))
    taken = all_rows.take(np.array([2, 1]))

    assert taken.rows == ["c", "b"]
    assert taken.positive.tolist() == [True, False]
    assert taken.weights.tolist() == [3, 2]


def test_without_weights_every_row_counts_once():
    assert part(2, 1).weights.tolist() == [1, 1, 1]


@pytest.mark.parametrize("counts", [(19, 100), (100, 19), (0, 100)])
def test_too_few_of_one_outcome_are_refused_by_count(counts):
    with pytest.raises(SourceError, match=f"{counts[0]} positive and {counts[1]} negative"):
        check_enough(part(*counts), "loans.csv")


def test_twenty_of_each_are_enough():
    check_enough(part(20, 20), "loans.csv")
