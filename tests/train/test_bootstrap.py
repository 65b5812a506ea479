import numpy as np
import pytest

from train.bootstrap import draw, resampled
from train.part import whole


def asked(n=400, weights=None):
    rng = np.random.default_rng(5)
    scores = rng.random(n)
    return whole([None] * n, rng.random(n) < scores, weights), scores


def test_the_value_lies_within_its_interval_and_more_rows_make_it_narrower():
    widths = []
    for n in (100, 1_600):
        measured = draw(*asked(n)).measured()["roc_auc"]
        low, high = measured.interval
        assert low < measured.value < high
        widths.append(high - low)

    assert widths[1] < widths[0] / 2


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """The chance that the greater of two uniform numbers belongs to the positive row is 5/6."""
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        scores = rng.random(300)
        part = whole([None] * 300, rng.random(300) < scores)
        low, high = draw(part, scores, rounds=200).measured()["roc_auc"].interval
        held += low <= 5 / 6 <= high

    assert held >= 50


def test_every_draw_keeps_the_number_of_rows_of_each_outcome():
    part, _ = asked()
    expected = (part.positive.sum(), (~part.positive).sum())

    for weights in resampled(part, rounds=5):
        assert (weights[part.positive].sum(), weights[~part.positive].sum()) == expected


def test_a_model_differs_from_itself_by_nothing():
    part, scores = asked()
    difference = draw(part, scores).minus(draw(part, scores))

    assert {(each.value, each.interval) for each in difference.values()} == {(0, (0, 0))}


def test_a_difference_is_known_better_than_either_value():
    """Both are asked about the same draws, so what is luck for one is luck for the other."""
    part, scores = asked()
    ours, theirs = draw(part, scores), draw(part, scores + np.linspace(0, 0.02, len(part)))
    low, high = ours.minus(theirs)["roc_auc"].interval
    lowest, highest = ours.measured()["roc_auc"].interval

    assert high - low < (highest - lowest) / 4


def test_only_the_ratio_of_weights_counts():
    part, scores = asked()
    tenfold = whole(part.rows, part.positive, part.weights * 10)

    ours, theirs = draw(part, scores).measured(), draw(tenfold, scores).measured()

    assert ours["brier"].interval == pytest.approx(theirs["brier"].interval)
