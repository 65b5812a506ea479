import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import create_model

from models import breast_cancer
from models._contract import Strict
from monitoring.layout import Layout
from monitoring.profile import Scored, build
from monitoring.reference import ABOVE, BELOW, MISSING, OTHER, Reference, place
from monitoring.tally import Tally
from tests.monitoring.conftest import PARCELS, parcels, scored


def of(values, annotation=float, weights=None):
    """The reference of one field."""
    row = create_model("Row", __base__=Strict, x=(annotation, ...))
    contract = type("Contract", (), {"ROW": row})
    rows = [row.model_construct(x=value) for value in values]
    return build(contract, rows, scored(), weights).features["x"]


def shares(feature):
    return dict(zip(feature.bins, feature.shares, strict=True))


class TestNumbers:
    def test_bins_are_tenths_of_the_training_rows(self):
        feature = of(np.arange(1_000.0))

        assert feature.edges == (99, 199, 299, 399, 499, 599, 699, 799, 899)
        assert feature.shares[2:-2] == pytest.approx([0.1] * 8, abs=1e-3)

    def test_one_row_in_a_thousand_lies_outside_on_either_side(self):
        feature = of(np.arange(10_000.0))

        assert (feature.low, feature.high) == (9, 9_989)
        assert shares(feature)[BELOW] == pytest.approx(0.001, rel=0.2)
        assert shares(feature)[ABOVE] == pytest.approx(0.001, rel=0.2)

    def test_outside_of_few_rows_lies_as_much_as_can_be_expected(self):
        """Nothing was seen there, and that is no proof that there is nothing."""
        feature = of(np.arange(200.0))

        assert shares(feature)[BELOW] == pytest.approx(0.5 / 200, rel=0.01)

    def test_many_zeros_have_a_bin_to_themselves(self):
        feature = of(np.array([0.0] * 600 + [*range(1, 401)]))

        assert feature.bins[1].endswith(" 0..1")
        assert feature.shares[1] == pytest.approx(0.6, abs=0.01)

    def test_many_equal_values_amid_others_have_a_bin_to_themselves(self):
        feature = of(np.array([*range(300), *[500.0] * 400, *range(600, 900)]))

        assert "500..600" in feature.bins[feature.edges.index(500) + 2]
        assert max(feature.shares) == pytest.approx(0.4, abs=0.01)

    def test_a_value_that_never_changed_is_one_bin(self):
        feature = of(np.full(100, 7.0))

        assert feature.bins == (BELOW, "01 7..7", ABOVE)

    def test_few_rows_make_fewer_bins(self):
        assert len(of(np.arange(84.0)).edges) == 3

    def test_an_edge_lies_in_the_bin_above_and_the_greatest_value_inside(self):
        feature = of(np.arange(1_000.0))
        values = [feature.low, feature.edges[0], feature.high, np.nextafter(feature.high, np.inf)]

        places = place(feature.cuts, np.array(values), nullable=False)

        assert places.tolist() == [1, 2, 10, 11]

    def test_missing_numbers_have_a_bin(self):
        feature = of([*range(750), *[None] * 250], float | None)

        assert shares(feature)[MISSING] == pytest.approx(0.25, abs=0.01)
        assert place(feature.cuts, np.array([np.nan]), nullable=True) == [len(feature.bins) - 1]

    def test_a_field_that_was_always_missing_is_not_watched(self):
        row = create_model("Row", __base__=Strict, x=(float | None, ...))
        rows = [row(x=None)] * 100

        assert build(type("Contract", (), {"ROW": row}), rows, scored()).features == {}

    def test_a_row_counts_as_often_as_its_weight_says(self):
        """A class-balanced sample is weighted to the population that will be served."""
        values = np.arange(1_000.0)
        times = np.where(values < 500, 3, 1)

        weighted, repeated = of(values, weights=times / 7), of(np.repeat(values, times))

        assert (weighted.low, weighted.edges, weighted.high) == (
            *(repeated.low, repeated.edges, repeated.high),
        )
        assert weighted.shares == pytest.approx(repeated.shares, abs=1e-3)

    def test_unequal_weights_say_less_than_as_many_equal_rows(self):
        weights = np.array([3.0] * 50 + [1.0] * 50)

        assert of(np.arange(100.0), weights=weights).rows == pytest.approx(200**2 / 500)
        assert of(np.arange(100.0)).rows == pytest.approx(100)


class TestCategories:
    def test_levels_come_by_share_and_rare_ones_are_other(self, parcel_reference):
        carrier = parcel_reference.features["carrier"]

        assert carrier.bins == ("rail", "road", OTHER)
        assert carrier.rare == ("sea",)
        assert carrier.shares == pytest.approx([0.7, 0.295, 0.005], abs=0.03)

    def test_a_level_that_training_never_saw_has_no_place(self, parcel_reference):
        carrier = parcel_reference.features["carrier"]

        assert [carrier.place(each) for each in ("rail", "sea", "air")] == [0, 2, None]

    def test_booleans_and_numbers_are_written_as_in_json(self, parcel_reference):
        assert parcel_reference.features["fragile"].levels == ("false", "true")
        assert set(parcel_reference.features["lane"].levels) == {"1", "2"}

    def test_missing_has_a_bin_where_it_is_allowed(self, parcel_reference):
        lane = parcel_reference.features["lane"]

        assert lane.bins[-1] == MISSING
        assert lane.place(None) == len(lane.bins) - 1


class TestText:
    def test_a_text_has_a_length_and_a_share_of_unknown_words(self, parcel_reference):
        assert {"note.length", "note.unknown_words"} < set(parcel_reference.features)

    def test_its_words_are_kept(self, parcel_reference):
        assert parcel_reference.words["note"] == ("back", "call", "dog", "gate", "leave", "ring")


def worth(score, found):
    """The chance of a score that the reference of these answers gives."""
    made = build(PARCELS, parcels(100), found).score
    return made.chances[np.searchsorted(made.grid, score, side="right")]


class TestScore:
    def test_the_threshold_is_an_edge_of_the_grid(self):
        assert 0.3 in build(PARCELS, parcels(100), scored()).score.grid

    def test_the_grid_holds_every_twentieth_of_the_probability_and_of_the_rows(self):
        """So that it is fine where training's scores lay, and where they may move to."""
        found = scored()
        grid = build(PARCELS, parcels(100), found).score.grid

        assert {0.05, 0.5, 0.95} < set(grid)
        assert max(np.bincount(np.searchsorted(grid, found.values))) <= 55

    def test_mean_and_deviation_are_those_of_the_scores(self):
        found = scored()

        score = build(PARCELS, parcels(100), found).score

        assert score.mean == pytest.approx(found.values.mean())
        assert score.deviation == pytest.approx(found.values.std())

    def test_what_a_score_is_worth_comes_from_outcomes(self):
        values = np.repeat([0.2, 0.8], 5_000)
        positive = np.arange(10_000) % 2 == 0

        assert worth(0.2, Scored("p", values, 0.5, positive)) == pytest.approx(0.5, abs=0.01)

    def test_few_outcomes_hardly_move_it(self):
        values = np.full(2, 0.2)

        chance = worth(0.2, Scored("p", values, 0.5, np.array([True, True])))

        assert chance == pytest.approx((2 + 10 * 0.2) / 12)

    def test_without_outcomes_it_is_believed(self):
        assert worth(0.2, Scored("p", np.full(100, 0.2), 0.5)) == pytest.approx(0.2)

    def test_where_no_row_was_it_is_worth_the_middle(self):
        assert worth(0.51, Scored("p", np.full(100, 0.2), 0.5)) == pytest.approx(0.525)

    def test_weights_count(self):
        values, weights = np.repeat([0.2, 0.8], 500), np.repeat([3.0, 1.0], 500)

        score = build(PARCELS, parcels(100), Scored("p", values, 0.5, None, weights)).score

        assert score.mean == pytest.approx(0.35)


def test_a_fourth_model_needs_no_code(parcel_reference):
    """Lists, dates and rows in rows can not be watched; all else is found by its schema."""
    assert list(parcel_reference.features) == [
        *("weight_kg", "pieces", "fragile", "carrier", "insured_usd", "lane"),
        *("note.length", "note.unknown_words"),
    ]


def test_it_is_plain_json_and_comes_back_the_same(parcel_reference, loan_reference):
    for reference in (parcel_reference, loan_reference):
        content = reference.model_dump_json(indent=1)

        assert Reference.model_validate_json(content) == reference


def test_the_shares_of_every_field_add_up_to_one(parcel_reference, loan_reference):
    for reference in (parcel_reference, loan_reference):
        for feature in (*reference.features.values(), reference.score):
            assert sum(feature.shares) == pytest.approx(1)
            assert len(feature.shares) == len(set(feature.bins))


def test_every_bin_of_ours_can_be_divided_by(parcel_reference, loan_reference):
    for reference in (parcel_reference, loan_reference):
        assert min(min(each.shares) for each in reference.features.values()) > 0


def test_serving_counts_training_rows_into_the_shares_that_training_wrote(loans, loan_reference):
    rows = loans[0]
    counts, layout = (
        Tally(loan_reference).count(rows, np.zeros(len(rows))),
        Layout.of(loan_reference),
    )

    for name, feature in loan_reference.features.items():
        found = counts[layout.features[name]] / len(rows)
        assert found == pytest.approx(feature.shares, abs=1e-4)


@given(st.lists(st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1.0, 5.0]), min_size=1, max_size=300))
def test_any_numbers_fall_into_bins_that_were_made_of_them(values):
    feature = of(np.array(values))

    assert list(feature.edges) == sorted(set(feature.edges))
    places = place(feature.cuts, np.array(values), nullable=False)
    assert 0 <= places.min() <= places.max() < len(feature.bins)


def test_thirty_numbers_are_thirty_fields():
    reference = build(breast_cancer, breast_cancer.EXAMPLE * 50, scored())

    assert list(reference.features) == list(breast_cancer.ROW.model_fields)
