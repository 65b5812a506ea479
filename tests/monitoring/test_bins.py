import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.bins import Bins

NUMBERS = st.floats(-100, 100) | st.sampled_from([-1.0, 0.0, 1.0])
CUTS = st.lists(st.lists(NUMBERS, max_size=9, unique=True).map(sorted), min_size=1, max_size=5)


def counted(cuts, columns, nullable=()):
    """Column after column, each with a cell more for what is missing."""
    starts = np.cumsum([0, *(len(each) + 2 for each in cuts)])
    counts = np.zeros(starts[-1], np.int64)
    Bins([np.array(each) for each in cuts], starts[:-1].tolist(), nullable).add(columns, counts)
    return [part.tolist() for part in np.split(counts, starts[1:-1])]


@given(CUTS, st.data(), st.integers(0, 300))
def test_each_number_is_counted_where_a_search_would_find_it(cuts, data, rows):
    """Numbers on a cut lie above it; columns may have unlike numbers of cuts, or none."""
    pool = st.sampled_from([0.5, *(cut for each in cuts for cut in each)])
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    columns = np.where(rng.random((len(cuts), rows)) < 0.5, rng.normal(size=rows), data.draw(pool))

    for found, each, column in zip(counted(cuts, columns), cuts, columns, strict=True):
        places = np.searchsorted(np.array(each), column, side="right")
        assert found == np.bincount(places, minlength=len(each) + 2).tolist()


def test_what_is_missing_is_counted_behind_all_others():
    columns = np.array([[1.0, 5.0, np.nan], [1.0, 5.0, np.nan]])

    assert counted([[2.0], [2.0]], columns, nullable=[1]) == [[1, 2, 0], [1, 1, 1]]


def test_counts_are_added_to():
    bins, counts = Bins([np.array([0.0])], [0]), np.array([10, 20])
    bins.add(np.array([[-1.0, 1.0, 2.0]]), counts)

    assert counts.tolist() == [11, 22]


@pytest.mark.parametrize("rows", [1, 255, 256, 70_000])
def test_any_number_of_rows_can_be_counted_at_once(rows):
    assert counted([[0.0]], np.ones((1, rows))) == [[0, rows, 0]]
