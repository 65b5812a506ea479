import numpy as np

from train.golden import HELD_OUT, golden_rows
from train.part import whole


def held_out(n):
    return whole(list(range(n)), np.zeros(n, dtype=bool))


def test_the_examples_come_first():
    assert golden_rows(["first", "second"], held_out(5), np.zeros(5))[:2] == ["first", "second"]


def test_held_out_rows_go_from_the_least_score_to_the_greatest():
    scores = np.random.default_rng(1).random(1_000)
    chosen = scores[golden_rows([], held_out(1_000), scores)]

    assert len(chosen) == HELD_OUT
    assert np.array_equal(chosen, np.sort(chosen))
    assert (chosen[0], chosen[-1]) == (scores.min(), scores.max())


def test_they_are_spread_evenly_over_the_ranks():
    chosen = golden_rows([], held_out(1_000), np.arange(1_000) / 1_000)

    assert set(np.diff(chosen)) == {16, 17}


def test_of_a_few_rows_each_is_taken_once():
    assert golden_rows([], held_out(3), np.array([0.3, 0.1, 0.2])) == [1, 2, 0]
