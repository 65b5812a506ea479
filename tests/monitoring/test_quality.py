"""Answers judged by outcomes: levels from the reference ring seldom, and ring when they should."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from monitoring.profile import Scored, _score
from monitoring.quality import levels, quality, roc_auc, step


def drawn(n, seed, skill=1.0):
    """Rows of a calibrated model: mostly paid, as loans are."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(1.2, 5.5, n)
    chances = skill * scores + (1 - skill) * rng.permutation(scores)
    return scores, rng.random(n) < chances


def known(m, seed=0):
    scores, positive = drawn(m, seed)
    return _score(Scored("default_probability", scores, 0.2, positive))


@pytest.fixture(scope="module")
def score():
    return known(20_000)


@pytest.mark.parametrize("n", [100, 500, 2_000])
@pytest.mark.parametrize("m", [500, 20_000])
def test_where_nothing_changed_at_most_one_window_in_a_hundred_is_an_alarm(n, m):
    """Over references too: each window has one of its own, as few as the rows may be."""
    windows = 300
    references = [known(m, seed) for seed in range(6)]
    alarms = sum(
        quality(references[window % 6], *drawn(n, 10_000 + window)).worse
        for window in range(windows)
    )

    # Three are expected at most; more than ten come by chance once in a thousand runs.
    assert alarms <= 10


def test_a_constant_level_would_ring_where_nothing_changed(score):
    """Why there is no constant: on the rows of the reference's own time 0.85 is no level."""
    windows = [drawn(100, seed) for seed in range(200)]
    constant = [((scores >= 0.2) == positive).mean() < 0.85 for scores, positive in windows]

    assert np.mean(constant) > 0.3


def test_outcomes_turned_bad_ring(score):
    scores, _ = drawn(1_000, 1)
    positive = np.random.default_rng(1).random(1_000) < np.minimum(scores + 0.25, 1)

    found = quality(score, scores, positive)
    assert found.worse
    assert found.brier.worse


def test_scores_that_no_longer_rank_ring(score):
    assert quality(score, *drawn(2_000, 2, skill=0.0)).roc_auc.worse


def test_figures_are_those_of_scikit_learn(score):
    scores, positive = drawn(1_000, 3)
    scores = scores.round(2)
    found = quality(score, scores, positive)

    assert found.brier.value == pytest.approx(brier_score_loss(positive, scores))
    assert found.roc_auc.value == pytest.approx(roc_auc_score(positive, scores))
    assert found.accuracy.value == pytest.approx(((scores >= 0.2) == positive).mean())


def test_intervals_hold_the_truth_nineteen_times_in_twenty(score):
    truth = quality(score, *drawn(400_000, 5))
    held = {"accuracy": 0, "brier": 0, "roc_auc": 0}
    for seed in range(300):
        found = quality(score, *drawn(300, seed))
        for name in held:
            low, high = getattr(found, name).interval
            held[name] += low <= getattr(truth, name).value <= high

    assert all(each >= 270 for each in held.values()), held


def test_few_outcomes_give_no_verdict(score):
    assert quality(score, *drawn(99, 1)) is None


def test_outcomes_of_one_kind_have_no_ranking(score):
    scores, _ = drawn(200, 1)

    assert roc_auc(scores, np.zeros(200, bool)) is None
    assert quality(score, scores, np.zeros(200, bool)).roc_auc is None


def test_larger_windows_have_tighter_levels_and_the_same_every_time(score):
    small, large = levels(score, 100), levels(score, 10_000)

    assert small.accuracy[1] < large.accuracy[1] < large.accuracy[0]
    assert levels.__wrapped__(score, 100) == small


@pytest.mark.parametrize("n", [100, 101, 500, 12_345])
def test_levels_are_of_no_larger_window(n):
    assert 0.94 * n < step(n) <= n
