import numpy as np
import pytest
from pydantic import create_model

from models import sentiment
from models._contract import Strict
from monitoring.drift import Drift, false_alarms, report
from monitoring.profile import build
from monitoring.tally import Tally
from tests.monitoring.conftest import PARCELS, nothing, parcels, scored, scores, seen


def of(reference, rows, found=None):
    """The report on a window of these rows."""
    found = scores(len(rows), seed=5) if found is None else found
    tally = Tally(reference)
    parts = [slice(start, start + 256) for start in range(0, len(rows), 256)]
    return report(reference, seen(sum(tally.count(rows[part], found[part]) for part in parts)))


# Amounts times what, in how many rows, are told as what.
TOLD = [
    (1.3, 2_000, {"notice", "moderate"}),
    (2, 1_000, {"moderate", "major"}),
    (0.001, 500, {"major"}),
]


class Amounts:
    """A contract of one field."""

    ROW = create_model("Amount", __base__=Strict, gross_approval_usd=(float, ...))


def amounts(n, seed):
    """As widely spread as those in the SBA's own file."""
    drawn = np.random.default_rng(seed).lognormal(11, 1.6, n)
    return [Amounts.ROW(gross_approval_usd=value) for value in drawn.tolist()]


@pytest.fixture(scope="module")
def amounts_reference():
    return build(Amounts, amounts(14_000, seed=0), scored(4_000))


def texts(n, seed, *, start=0, length=15):
    """Words as often used as those of a language: each text brings some that no other has."""
    rng = np.random.default_rng(seed)
    lengths = rng.poisson(length, n) + 1
    return [" ".join(f"w{word + start}" for word in rng.zipf(1.5, size)) for size in lengths]


def reviews(found):
    return [sentiment.Review(text=text) for text in found]


@pytest.fixture(scope="module")
def review_reference():
    return build(sentiment, reviews(texts(2_000, seed=0)), scored())


class TestUnshifted:
    def test_new_rows_of_the_same_kind_are_no_drift(self, loans, loan_reference):
        for start in range(0, 20_000, 2_000):
            drift = of(loan_reference, loans[1][start : start + 2_000])

            assert (drift.verdict, drift.drifted) == ("ok", [])
            assert (drift.prediction.shifted, drift.prediction.constant) == (False, False)

    def test_the_rate_holds_for_all_fields_together(self, loan_reference, parcel_reference):
        for reference in (loan_reference, parcel_reference):
            tests = len(reference.features) + 2

            assert false_alarms(reference) <= 0.001
            assert tests * false_alarms(reference) <= 0.01


class TestShiftedAmounts:
    def multiplied(self, rows, factor, window, count):
        """Windows of so many rows, each loan asked for in another currency, so to speak."""
        moved = [
            row.model_copy(update={"gross_approval_usd": row.gross_approval_usd * factor})
            for row in rows[: window * count]
        ]
        return [moved[start : start + window] for start in range(0, window * count, window)]

    def verdicts(self, reference, windows):
        return [of(reference, rows).features["gross_approval_usd"].verdict for rows in windows]

    @pytest.mark.parametrize(("factor", "rows", "expected"), TOLD)
    def test_loan_amounts_in_another_unit_are_told(
        self, loans, loan_reference, factor, rows, expected
    ):
        """A thousandth lies outside the contract's range: `model_copy` does not ask it."""
        windows = self.multiplied(loans[1], factor, rows, 10)

        assert set(self.verdicts(loan_reference, windows)) <= expected

    @pytest.mark.parametrize(("factor", "rows", "expected"), TOLD)
    def test_so_are_amounts_with_a_heavy_tail(self, amounts_reference, factor, rows, expected):
        """Bins of equal width, as other tools take them, miss all three on these amounts."""
        windows = self.multiplied(amounts(rows * 10, seed=1), factor, rows, 10)

        assert set(self.verdicts(amounts_reference, windows)) <= expected

    def test_the_other_fields_stay_as_they_were(self, loans, loan_reference):
        (window,) = self.multiplied(loans[1], 2, 2_000, 1)

        assert of(loan_reference, window).drifted == ["gross_approval_usd"]

    def test_an_amount_out_of_all_range_is_said_to_be(self, loans, loan_reference):
        (window,) = self.multiplied(loans[1], 0.001, 500, 1)

        assert of(loan_reference, window).features["gross_approval_usd"].out_of_range > 0.95

    def test_one_huge_amount_is_no_drift(self, loans, loan_reference):
        (window,) = self.multiplied(loans[1], 1, 2_000, 1)
        window[0] = window[0].model_copy(update={"gross_approval_usd": 1e12})

        assert of(loan_reference, window).verdict == "ok"


class TestOtherShifts:
    def test_a_category_that_came_up_is_told(self, loans, loan_reference):
        rows = loans[1][:1_000]
        rural = [row.model_copy(update={"area": "rural"}) for row in rows[:200]] + rows[200:]

        assert of(loan_reference, rural).drifted == ["area"]

    def test_a_category_that_training_never_saw_is_told_and_counted(self, parcel_reference):
        rows = parcels(1_000, seed=7)
        flown = [row.model_copy(update={"carrier": "air"}) for row in rows[:100]] + rows[100:]

        carrier = of(parcel_reference, flown).features["carrier"]

        assert carrier.verdict == "major"
        assert carrier.unseen == pytest.approx(0.1)

    def test_a_field_no_longer_given_is_told(self, parcel_reference):
        rows = [row.model_copy(update={"insured_usd": None}) for row in parcels(600, seed=7)]

        insured = of(parcel_reference, rows).features["insured_usd"]

        assert (insured.verdict, insured.missing) == ("major", 1)

    def test_what_can_not_be_missing_or_unseen_does_not_say_so(self, parcel_reference):
        features = of(parcel_reference, parcels(10)).features

        assert features["weight_kg"].missing is features["weight_kg"].unseen is None
        assert features["carrier"].missing is features["carrier"].out_of_range is None

    def test_scores_that_moved_are_told(self, parcel_reference):
        drift = of(parcel_reference, parcels(600), np.clip(scores(600, 5) + 0.1, 0, 1))

        assert drift.score.verdict == "major"
        assert drift.prediction.shifted
        assert drift.drifted == ["score"]

    def test_a_model_that_gives_one_answer_to_all_is_constant(self, parcel_reference):
        assert of(parcel_reference, parcels(600), np.full(600, 0.2)).prediction.constant

    def test_a_row_that_comes_again_and_again_is_drift_but_no_constant_model(
        self, parcel_reference
    ):
        drift = of(parcel_reference, parcels(1) * 600, np.full(600, 0.2))

        assert drift.features["weight_kg"].verdict == "major"
        assert drift.prediction.constant is False


class TestTexts:
    def verdicts(self, reference, found):
        features = of(reference, reviews(found)).features
        return features["text.length"].verdict, features["text.unknown_words"].verdict

    def test_other_words_are_told(self, review_reference):
        found = texts(8_000, seed=1, start=10**6)

        assert self.verdicts(review_reference, [text[:60] for text in found])[1] == "major"

    def test_a_fifth_more_words_are_told(self, review_reference):
        found = texts(8_000, seed=1, length=18)

        assert self.verdicts(review_reference, found)[0] == "major"

    def test_new_texts_are_no_drift(self, review_reference):
        """They bring words of their own, but no more than each text of training does."""
        for seed in range(1, 6):
            found = texts(8_000, seed)

            assert self.verdicts(review_reference, found) == ("ok", "ok")

    def test_the_words_of_some_texts_are_read_and_the_length_of_all(self, review_reference):
        features = of(review_reference, reviews(texts(8_000, seed=1))).features

        assert features["text.length"].rows == 8_000
        assert 500 < features["text.unknown_words"].rows < 1_100


def test_below_five_hundred_rows_there_is_no_verdict(loans, loan_reference):
    few = [row.model_copy(update={"gross_approval_usd": 1.0}) for row in loans[1][:499]]

    drift = of(loan_reference, few)

    assert (drift.verdict, drift.drifted, drift.expected) == ("unknown", [], None)
    assert drift.features["gross_approval_usd"].psi > 5


def test_a_window_without_rows_can_be_asked_for(loan_reference):
    drift = report(loan_reference, nothing(loan_reference))

    assert (drift.rows, drift.verdict, drift.prediction) == (0, "unknown", None)


def test_it_can_be_written_as_json_and_read_back(loans, loan_reference):
    drift = of(loan_reference, loans[1][:600])

    assert Drift.model_validate_json(drift.model_dump_json()) == drift


def test_rows_that_were_not_counted_are_told(parcel_reference):
    counts = Tally(parcel_reference).missed(7)

    assert report(parcel_reference, seen(counts)).missed == 7


def test_the_noise_floor_tells_a_little_data_from_a_small_shift(loans, loan_reference):
    """The same shift: not to be told from chance in 500 rows, beyond doubt in 5,000."""
    rows = [
        row.model_copy(update={"gross_approval_usd": row.gross_approval_usd * 1.12})
        for row in loans[1][:5_000]
    ]
    little, much = (
        of(loan_reference, rows[:n]).features["gross_approval_usd"] for n in (500, 5_000)
    )

    assert (little.verdict, much.verdict) == ("ok", "notice")
    assert little.noise_floor > 5 * much.noise_floor


def test_expected_performance_comes_with_its_caveat(loans, loan_reference):
    expected = of(loan_reference, loans[1][:2_000]).expected

    assert expected.accuracy == pytest.approx(expected.reference_accuracy, abs=0.03)
    assert "blind" in expected.caveat


def test_harder_rows_lower_what_can_be_expected(loans, loan_reference):
    harder = np.random.default_rng(0).beta(6, 10, 2_000)

    expected = of(loan_reference, loans[1][:2_000], harder).expected

    assert expected.accuracy < expected.reference_accuracy - 0.1


def test_a_fourth_model_is_watched_like_the_others(parcel_reference):
    assert of(parcel_reference, parcels(2_000, seed=11)).verdict == "ok"
    assert PARCELS.ROW.model_fields.keys() > {"tags", "sent"}
