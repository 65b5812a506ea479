import numpy as np
import pytest
from scipy.stats import ttest_ind

from monitoring.layout import Moments
from monitoring.profile import Scored, build
from monitoring.shift import shift
from tests.monitoring.conftest import PARCELS, parcels, scores

LEVEL = 0.001
REFERENCE = scores(4_000)
SCORE = build(PARCELS, parcels(100), Scored("p", REFERENCE, 0.3)).score


def of(values, *, varied=True, score=SCORE):
    moments = Moments(len(values), float(np.mean(values)), float(np.std(values)))
    return shift(score, moments, varied=varied, false_alarms=LEVEL)


def test_sigmas_are_those_of_students_test():
    values = scores(700, seed=9)

    assert of(values).sigmas == pytest.approx(ttest_ind(values, REFERENCE).statistic, rel=1e-3)


def test_a_shifted_stream_is_told():
    values = np.clip(scores(1_000, seed=9) + 0.03, 0, 1)

    assert of(values).shifted
    assert of(values).mean - of(values).reference_mean == pytest.approx(0.03, abs=0.01)


def test_an_unshifted_stream_is_not_but_at_the_stated_rate():
    """The limit is wider than two sigmas: these would cry wolf in one window of twenty."""
    streams = [of(scores(500, seed)) for seed in range(1_000, 3_000)]

    assert sum(each.shifted for each in streams) <= 2_000 * 0.003
    assert sum(abs(each.sigmas) > 2 for each in streams) > 2_000 * 0.02


def test_one_answer_to_all_rows_is_constant():
    assert of(np.full(500, 0.2)).constant
    assert of(np.full(500, 0.2) + np.tile([0, 1e-5], 250)).constant


def test_one_answer_to_one_row_is_not():
    """A caller that sends the same row again and again gets the same answer, rightly."""
    assert of(np.full(500, 0.2), varied=False).constant is False


def test_answers_that_differ_are_not():
    assert of(scores(500)).constant is False


def test_little_rows_say_nothing():
    few = of(np.full(499, 0.9))

    assert (few.shifted, few.constant) == (None, None)


def test_a_model_that_never_varied_may_go_on_so():
    same = build(PARCELS, parcels(100), Scored("p", np.full(100, 0.25), 0.3)).score

    assert of(np.full(500, 0.25), score=same).shifted is False
    assert of(np.full(500, 0.26), score=same).shifted is True
