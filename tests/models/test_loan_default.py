"""The loan contract: what may be asked, what is derived, what is answered."""

import math

import numpy as np
import pytest
from pydantic import ValidationError

from models import loan_default
from models._contract import Policy
from models.loan_default import FEATURES, LoanApplication

ROW = loan_default.EXAMPLE[0].model_dump()


def application(**changed):
    return LoanApplication.model_validate(ROW | changed)


def column(name, **changed):
    return loan_default.features([application(**changed)])[0][FEATURES.index(name)]


def decide(probability, policy, **changed):
    probabilities = np.array([[1 - probability, probability]])
    return loan_default.predictions([application(**changed)], probabilities, policy)[0]


@pytest.mark.parametrize(
    "changed",
    [
        {"state": 12},
        {"state": "Florida"},
        {"state": "fl"},
        {"state": "CA "},
        {"naics_sector": 72},
        {"naics_sector": 72.0},
        {"naics_sector": "722"},
        {"business_age": True},
        {"business_age": 1},
        {"business_age": "True"},
        {"is_franchise": 1},
        {"is_franchise": "false"},
        {"is_franchise": "0"},
        {"area": 1},
        {"area": "Urban"},
        {"gross_approval_usd": "50000"},
        {"gross_approval_usd": "$50,000.00 "},
        {"gross_approval_usd": -5},
        {"gross_approval_usd": math.nan},
        {"gross_approval_usd": 1e12},
        {"lender_state": None},
    ],
)
def test_the_50k_incident(changed):
    """A value of another type or spelling is refused; CatBoost would score it without a word."""
    (field,) = changed
    with pytest.raises(ValidationError) as caught:
        application(**changed)

    assert caught.value.errors()[0]["loc"] == (field,)


@pytest.mark.parametrize(
    "leak", ["term_months", "Term", "bank", "city", "zip", "disbursed_usd", "approved_on"]
)
def test_what_is_known_only_later_may_not_be_sent(leak):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        application(**{leak: 1})


RANGES = {
    "gross_approval_usd": (500, 10_000_000),
    "employees": (0, 10_000),
    "jobs_created": (0, 5_000),
    "jobs_retained": (0, 5_000),
}


def test_the_hard_ranges_are_those_of_the_programme():
    """Wide enough for every loan that the SBA has guaranteed, too narrow for a wrong unit."""
    properties = LoanApplication.model_json_schema()["properties"]
    found = {name: properties[name] for name in RANGES}

    assert {n: (each["minimum"], each["maximum"]) for n, each in found.items()} == RANGES
    assert properties["sba_guaranteed_usd"]["exclusiveMinimum"] == 0
    assert properties["sba_guaranteed_usd"]["maximum"] == 10_000_000


def test_the_guarantee_is_at_most_the_loan():
    application(gross_approval_usd=1_000, sba_guaranteed_usd=1_000)

    with pytest.raises(ValidationError, match="at most gross_approval_usd"):
        application(gross_approval_usd=1_000, sba_guaranteed_usd=1_000.01)


def test_the_sentinel_8800_is_no_number_of_jobs():
    with pytest.raises(ValidationError):
        application(jobs_created=8_800)


def test_whole_dollars_may_be_written_as_integers():
    assert application(gross_approval_usd=50_000).gross_approval_usd == 50_000.0


def test_the_guarantee_share_is_derived():
    assert (
        column("guarantee_share", gross_approval_usd=80_000.0, sba_guaranteed_usd=60_000.0) == 0.75
    )


@pytest.mark.parametrize(
    ("state", "lender", "same"),
    [("FL", "FL", "yes"), ("FL", "NC", "no"), ("FL", "unknown", "unknown")],
)
def test_whether_lender_and_borrower_share_a_state_is_derived(state, lender, same):
    assert column("same_state", state=state, lender_state=lender) == same


def test_amounts_are_taken_as_logarithms():
    assert column("log_gross_approval", gross_approval_usd=100_000.0) == math.log(100_000)


def test_a_row_without_lender_state_means_unknown():
    row = {key: value for key, value in ROW.items() if key != "lender_state"}

    assert LoanApplication.model_validate(row).lender_state == "unknown"


def test_features_are_numbers_first_and_then_strings():
    row = loan_default.features([application()])[0]

    assert [type(value) for value in row] == [float] * 6 + [str] * 9


@pytest.mark.parametrize(("probability", "decision"), [(0.19, "approve"), (0.2, "decline")])
def test_the_decision_turns_exactly_at_the_policys_threshold(probability, decision):
    assert decide(probability, Policy(threshold=0.2)).decision == decision


def test_a_value_outside_the_training_range_is_answered_with_a_warning():
    policy = Policy(training_range={"employees": (0, 300), "jobs_created": (0, 150)})

    assert decide(0.1, policy, employees=301).warnings == ["out_of_training_range: employees"]
    assert decide(0.1, policy, employees=300).warnings == []
