import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, roc_auc_score

from monitoring.cbpe import accuracy, expected, roc_auc
from monitoring.profile import Scored, build
from tests.monitoring.conftest import PARCELS, parcels

SHARES = st.lists(st.floats(0.01, 0.99), min_size=2, max_size=12)


def both_outcomes(counts, chances):
    """As weighted rows: in each bin some that are positive and some that are not."""
    bins = np.tile(np.arange(len(counts)), 2)
    positive = np.repeat([True, False], len(counts))
    return positive, bins, np.concatenate([counts * chances, counts * (1 - chances)])


@given(SHARES, st.integers(0, 2**32 - 1))
def test_expected_roc_auc_is_that_of_rows_that_come_out_as_expected(chances, seed):
    counts = np.random.default_rng(seed).integers(1, 100, len(chances)).astype(float)
    positive, bins, weights = both_outcomes(counts, np.array(chances))

    assert roc_auc(counts, np.array(chances)) == pytest.approx(
        roc_auc_score(positive, bins, sample_weight=weights)
    )


@given(SHARES, st.integers(0, 2**32 - 1))
def test_expected_accuracy_is_that_of_rows_that_come_out_as_expected(chances, seed):
    counts = np.random.default_rng(seed).integers(1, 100, len(chances)).astype(float)
    positive, bins, weights = both_outcomes(counts, np.array(chances))
    decided = np.arange(len(chances)) >= len(chances) // 2

    assert accuracy(counts, np.array(chances), decided) == pytest.approx(
        accuracy_score(positive, decided[bins], sample_weight=weights)
    )


def test_where_all_have_one_outcome_there_is_no_roc_auc():
    assert roc_auc(np.array([5.0, 5.0]), np.array([0.0, 0.0])) is None


def drawn(a, b, seed, n=20_000):
    rng = np.random.default_rng(seed)
    values = rng.beta(a, b, n)
    return values, rng.random(n) < values


@pytest.fixture(scope="module")
def score():
    return build(PARCELS, parcels(100), Scored("p", *_swap(drawn(2, 8, 0)))).score


def _swap(pair):
    values, positive = pair
    return values, 0.3, positive


def counted(score, values):
    places = np.searchsorted(score.grid, values, side="right")
    return np.bincount(places, minlength=len(score.grid) + 1).astype(float)


@pytest.mark.parametrize(("a", "b"), [(2, 8), (4, 8), (8, 8), (1.5, 10)])
def test_it_foretells_what_comes_out_when_rows_become_harder_or_easier(score, a, b):
    """Scores that mean what they say, of another mix of rows."""
    values, positive = drawn(a, b, seed=1)
    found = expected(score, counted(score, values))

    assert found.accuracy == pytest.approx(accuracy_score(positive, values >= 0.3), abs=0.02)
    assert found.roc_auc == pytest.approx(roc_auc_score(positive, values), abs=0.02)


def test_for_the_reference_it_is_what_was_measured(score):
    values, positive = drawn(2, 8, 0)
    found = expected(score, counted(score, values))

    assert found.reference_accuracy == pytest.approx(
        accuracy_score(positive, values >= 0.3), abs=0.005
    )
    assert found.accuracy == pytest.approx(found.reference_accuracy)
    assert found.reference_roc_auc == pytest.approx(roc_auc_score(positive, values), abs=0.01)


def test_it_is_blind_to_outcomes_that_follow_other_rules(score):
    """The caveat, as a fact: the same scores, all outcomes turned round, nothing seen."""
    values, positive = drawn(2, 8, seed=1)
    found = expected(score, counted(score, values))

    assert accuracy_score(~positive, values >= 0.3) < 0.5
    assert found.accuracy == pytest.approx(found.reference_accuracy, abs=0.01)
    assert "not measured" in found.caveat
