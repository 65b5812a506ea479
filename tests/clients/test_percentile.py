from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.percentile import percentile


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 500), (0.95, 950), (0.99, 990), (0.001, 1), (1, 1000)]
)
def test_a_percentile_is_the_nearest_rank(share, expected):
    """Of 1 to 1000, the 95th percentile is 950, and not a hair more by rounding."""
    assert percentile(Counter(range(1, 1001)), share) == expected


def test_a_percentile_of_nothing_is_none():
    """An unknown time is not a short one."""
    assert percentile(Counter(), 0.5) is None


@given(st.lists(st.integers(0, 50), min_size=1), st.floats(0.01, 1))
def test_at_least_its_share_of_the_values_do_not_exceed_a_percentile(values, share):
    """And it is the smallest value of which that is true."""
    found = percentile(Counter(map(float, values)), share)

    assert sum(value <= found for value in values) >= round(share * len(values), 10)
    assert sum(value < found for value in values) < round(share * len(values), 10)
