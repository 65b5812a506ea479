from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.layout import STEPS, Layout
from monitoring.profile import Scored, build
from monitoring.reference import ABOVE, BELOW, MISSING, OTHER
from monitoring.tally import READ_TEXTS, Tally
from tests.monitoring.conftest import PARCELS, Parcel, parcels, scored, scores

ROWS = parcels(120, seed=3)


@pytest.fixture(scope="module")
def reference():
    return build(PARCELS, parcels(2_000), scored())


@pytest.fixture(scope="module")
def tally(reference):
    return Tally(reference)


def held(reference, counts, name):
    feature = reference.features[name]
    found = counts[Layout.of(reference).features[name]].tolist()
    return {bin_: rows for bin_, rows in zip(feature.bins, found, strict=True) if rows}


def test_each_row_lies_in_one_bin_of_each_field(reference, tally):
    counts = tally.count(ROWS[:READ_TEXTS], scores(READ_TEXTS))

    for name in reference.features:
        assert sum(held(reference, counts, name).values()) == READ_TEXTS
    assert counts[tally.layout.score].sum() == counts[tally.layout.grid].sum() == READ_TEXTS


def test_counts_and_reference_know_the_same_bins(reference, tally):
    """In the same proportions, as these are the rows that the reference was made of."""
    counts = tally.count(parcels(2_000), scores(2_000))

    for name, feature in reference.features.items():
        if name != "note.unknown_words":
            shares = counts[tally.layout.features[name]] / 2_000
            assert shares == pytest.approx(feature.shares, abs=1e-3)


def test_what_is_out_of_range_unseen_or_missing_has_a_place(reference, tally):
    rows = [
        Parcel(weight_kg=1e9, pieces=-5, fragile=True, carrier="air"),
        Parcel(weight_kg=1e-9, pieces=1, fragile=True, carrier="sea"),
    ]

    counts = tally.count(rows, np.array([0.5, 0.5]))

    assert held(reference, counts, "weight_kg") == {BELOW: 1, ABOVE: 1}
    assert held(reference, counts, "insured_usd") == {MISSING: 2}
    assert held(reference, counts, "lane") == {MISSING: 2}
    assert held(reference, counts, "carrier") == {OTHER: 2}
    assert counts[tally.layout.unseen["carrier"]] == 1


def test_a_row_that_no_contract_lets_in_is_counted_all_the_same(reference, tally):
    row = Parcel.model_construct(
        weight_kg=float("nan"), pieces=1, fragile=None, carrier=7, insured_usd=-1.0, lane="x"
    )

    counts = tally.count([row], np.array([0.5]))

    assert held(reference, counts, "weight_kg") == {ABOVE: 1}
    assert counts[[*tally.layout.unseen.values()]].tolist() == [1, 1, 1]


def test_mean_and_deviation_come_from_the_counts(tally):
    found = scores(5_000)

    moments = tally.layout.moments(tally.count(parcels(5_000), found))

    assert moments.rows == 5_000
    assert moments.mean == pytest.approx(found.mean(), abs=1 / STEPS)
    assert moments.deviation == pytest.approx(found.std(), abs=1e-5)


def test_scores_that_never_varied_have_one_bin():
    """Then there is no edge to compare with."""
    same = build(PARCELS, parcels(100), Scored("late_probability", np.full(100, 0.25), 0.3))
    tally = Tally(same)

    counts = tally.count(parcels(40), scores(40))

    assert counts[tally.layout.score].tolist() == [40]
    assert counts[tally.layout.grid].sum() == 40


def test_without_rows_there_is_no_mean(tally):
    assert tally.layout.moments(tally.missed(7)).rows == 0
    assert tally.missed(7)[tally.layout.missed] == 7


def test_of_many_texts_some_are_read_evenly_spread(reference, tally):
    """Their words cost most; their length costs nothing and is taken of all."""
    rows = parcels(1_000)
    half = [row.model_copy(update={"note": "zebra"}) for row in rows[:500]] + rows[500:]

    counts = tally.count(half, scores(1_000))

    read = held(reference, counts, "note.unknown_words")
    assert sum(read.values()) == pytest.approx(2 * READ_TEXTS, abs=1)
    assert max(read.values()) == READ_TEXTS
    assert sum(held(reference, counts, "note.length").values()) == 1_000


@given(st.lists(st.integers(0, len(ROWS)), max_size=12), st.randoms())
def test_rows_split_in_any_way_and_added_in_any_order_count_the_same(tally, cuts, random):
    """What merging workers, times and chunks rests on; exact, the sums of scores included."""
    found = scores(len(ROWS))
    # In parts small enough that every text is read.
    cuts = sorted({0, *cuts, *range(0, len(ROWS), READ_TEXTS), len(ROWS)})
    parts = [slice(a, b) for a, b in pairwise(cuts)]
    whole = sum(tally.count(ROWS[i : i + 1], found[i : i + 1]) for i in range(len(ROWS)))

    random.shuffle(parts)
    added = sum(tally.count(ROWS[part], found[part]) for part in parts)

    assert added.tolist() == whole.tolist()


@given(st.lists(st.lists(st.integers(0, 2**40), min_size=4, max_size=4), min_size=3, max_size=3))
def test_merging_is_associative(counts):
    a, b, c = (np.array(each, np.int64) for each in counts)

    assert ((a + b) + c).tolist() == (a + (b + c)).tolist()


def test_an_unbounded_number_of_values_is_not_remembered(tally, reference, monkeypatch):
    monkeypatch.setattr("monitoring.tally._Places._MOST", 5)
    rows = [Parcel.model_construct(**{**dict(ROWS[0]), "carrier": f"c{n}"}) for n in range(50)]
    fresh = Tally(reference)

    counts = fresh.count(rows, scores(50))

    assert counts[fresh.layout.unseen["carrier"]] == 50
