import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance
from scipy.stats import chi2, entropy, norm

from monitoring.divergence import (
    chi_square,
    jensen_shannon,
    noise_floor,
    normal,
    psi,
    smoothed,
)

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=60)


@st.composite
def pairs(draw):
    p = draw(COUNTS)
    q = draw(st.lists(st.integers(0, 10_000), min_size=len(p), max_size=len(p)))
    return smoothed(np.array(p, float)), smoothed(np.array(q, float))


@given(COUNTS)
def test_smoothed_counts_are_shares_and_none_is_zero(counts):
    shares = smoothed(np.array(counts, float))

    assert shares.sum() == pytest.approx(1)
    assert shares.min() > 0


def test_half_a_row_is_added_to_each_bin():
    assert smoothed(np.array([0.0, 9.0])) == pytest.approx([0.05, 0.95])


@given(pairs())
def test_psi_is_kullback_and_leibler_there_and_back(pair):
    p, q = pair

    assert psi(p, q) == pytest.approx(entropy(p, q) + entropy(q, p), rel=1e-9, abs=1e-12)


@given(pairs())
def test_jensen_shannon_is_scipys(pair):
    p, q = pair

    assert jensen_shannon(p, q) == pytest.approx(distance.jensenshannon(p, q, base=2), abs=1e-7)


def test_what_is_the_same_is_at_no_distance():
    p = smoothed(np.array([3.0, 4.0, 5.0]))

    assert (psi(p, p), jensen_shannon(p, p)) == (0, pytest.approx(0))


def test_the_case_that_the_prometheus_rules_were_checked_with():
    """Four bins of a quarter each, 2, 6, 14 and 18 rows a minute, two pods, an hour."""
    q = smoothed(np.array([2, 6, 14, 18]) * 120.0)

    assert psi(np.full(4, 0.25), q) == pytest.approx(0.5235, abs=2e-4)
    assert jensen_shannon(np.full(4, 0.25), q) == pytest.approx(0.2974, abs=1e-4)


@pytest.mark.parametrize("level", [0.999, 0.9995, 0.9997])
@pytest.mark.parametrize("degrees", [*range(1, 13), 20, 31, 60])
def test_the_chi_square_is_never_too_low_and_hardly_too_high(level, degrees):
    too_high = chi_square(level, degrees) / chi2.ppf(level, degrees) - 1

    assert 0 <= too_high < (0.052 if degrees < 8 else 0.011)


def test_the_noise_floor_is_the_one_of_the_literature():
    exact = chi2.ppf(0.999, 9) * (1 / 500 + 1 / 20_000)

    assert noise_floor(10, 500, 20_000, 0.001) == pytest.approx(exact, rel=0.01)


def test_the_normal_quantile_is_scipys():
    assert normal(0.9995) == pytest.approx(norm.ppf(0.9995))
