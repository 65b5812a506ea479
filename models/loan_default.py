"""Loan default: will a small-business loan, guaranteed by the SBA, be charged off?

Only what is known when the loan is approved may be asked. The term in months, the dates, the
disbursed amount and the bank are left out on purpose: the file rewrites them after the outcome is
known.
"""

from collections.abc import Sequence
from math import log
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from models._contract import Policy, Probabilities, Probability, Strict

NAME = "loan_default"

Answer = Literal["yes", "no", "unknown"]
State = Literal[
    "AK", "AL", "AR", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "HI", "IA", "ID", "IL",
    "IN", "KS", "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MS", "MT", "NC", "ND", "NE",
    "NH", "NJ", "NM", "NV", "NY", "OH", "OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT",
    "VA", "VT", "WA", "WI", "WV", "WY",
]  # fmt: skip
LenderState = Literal[State, "PR", "unknown"]
Sector = Literal[
    "11", "21", "22", "23", "31", "32", "33", "42", "44", "45", "48", "49", "51", "52", "53",
    "54", "55", "56", "61", "62", "71", "72", "81", "92", "unknown",
]  # fmt: skip


class LoanApplication(Strict):
    """A loan as it stands when the SBA approves its guarantee."""

    gross_approval_usd: Annotated[
        float, Field(ge=500, le=10_000_000, description="Amount the bank lends, US dollars.")
    ]
    sba_guaranteed_usd: Annotated[
        float,
        Field(gt=0, le=10_000_000, description="Part of it the SBA guarantees, US dollars."),
    ]
    employees: Annotated[
        int, Field(ge=0, le=10_000, description="People employed before the loan.")
    ]
    jobs_created: Annotated[int, Field(ge=0, le=5_000, description="Jobs the loan is to create.")]
    jobs_retained: Annotated[int, Field(ge=0, le=5_000, description="Jobs the loan is to keep.")]
    business_age: Annotated[
        Literal["existing", "new", "unknown"],
        Field(description="`existing`: older than two years; `new`: two years or younger."),
    ]
    is_franchise: Annotated[bool, Field(description="Does the borrower run a franchise?")]
    area: Annotated[
        Literal["urban", "rural", "unknown"], Field(description="Where the business is.")
    ]
    revolving_credit: Annotated[Answer, Field(description="Is it a revolving line of credit?")]
    low_doc: Annotated[
        Answer, Field(description="Approved under the LowDoc programme (one-page form)?")
    ]
    state: Annotated[State, Field(description="The borrower's state, two capital letters.")]
    naics_sector: Annotated[
        Sector, Field(description="First two digits of the NAICS industry code, a string.")
    ]
    lender_state: Annotated[LenderState, Field(description="The bank's state.")] = "unknown"

    @model_validator(mode="after")
    def _guarantee_within_loan(self) -> Self:
        if self.sba_guaranteed_usd > self.gross_approval_usd:
            msg = "sba_guaranteed_usd should be at most gross_approval_usd"
            raise PydanticCustomError("guarantee_above_loan", msg)
        return self


class LoanDecision(Strict):
    """How likely the loan is charged off, and what follows at the artifact's threshold."""

    default_probability: Probability
    decision: Literal["approve", "decline"]
    warnings: Annotated[
        list[str],
        Field(
            description="`out_of_training_range: <field>` for values the training data hardly held."
        ),
    ] = []


ROW = LoanApplication
PREDICTION = LoanDecision
EXAMPLE = [
    LoanApplication(
        gross_approval_usd=50_000,
        sba_guaranteed_usd=25_000,
        employees=3,
        jobs_created=2,
        jobs_retained=3,
        business_age="new",
        is_franchise=False,
        area="urban",
        revolving_credit="yes",
        low_doc="no",
        state="FL",
        naics_sector="72",
        lender_state="NC",
    ),
    LoanApplication(
        gross_approval_usd=250_000,
        sba_guaranteed_usd=187_500,
        employees=12,
        jobs_created=0,
        jobs_retained=0,
        business_age="existing",
        is_franchise=False,
        area="rural",
        revolving_credit="no",
        low_doc="no",
        state="ND",
        naics_sector="62",
        lender_state="ND",
    ),
]

FEATURES = (
    "log_gross_approval",
    "log_sba_guaranteed",
    "guarantee_share",
    "employees",
    "jobs_created",
    "jobs_retained",
    "business_age",
    "is_franchise",
    "area",
    "revolving_credit",
    "low_doc",
    "state",
    "naics_sector",
    "lender_state",
    "same_state",
)
CATEGORICAL = FEATURES[6:]

_validate = TypeAdapter(list[LoanDecision]).validate_python


def features(rows: Sequence[LoanApplication], /) -> list[list[float | str]]:
    """The columns of `FEATURES`: six numbers, then nine categories as strings."""
    return [_columns(row) for row in rows]


def _columns(row: LoanApplication) -> list[float | str]:
    return [
        log(row.gross_approval_usd),
        log(row.sba_guaranteed_usd),
        row.sba_guaranteed_usd / row.gross_approval_usd,
        float(row.employees),
        float(row.jobs_created),
        float(row.jobs_retained),
        row.business_age,
        "yes" if row.is_franchise else "no",
        row.area,
        row.revolving_credit,
        row.low_doc,
        row.state,
        row.naics_sector,
        row.lender_state,
        _same_state(row),
    ]


def _same_state(row: LoanApplication) -> Answer:
    if row.lender_state == "unknown":
        return "unknown"
    return "yes" if row.lender_state == row.state else "no"


def predictions(
    rows: Sequence[LoanApplication], probabilities: Probabilities, policy: Policy, /
) -> list[LoanDecision]:
    """Column 1 is charged off; from the threshold on a loan is declined."""
    return _validate(
        [
            {
                "default_probability": default,
                "decision": "decline" if default >= policy.threshold else "approve",
                "warnings": _warnings(row, policy),
            }
            for row, default in zip(rows, probabilities[:, 1].tolist(), strict=True)
        ]
    )


def _warnings(row: LoanApplication, policy: Policy) -> list[str]:
    values = row.__dict__
    return [
        f"out_of_training_range: {field}"
        for field, (low, high) in policy.training_range.items()
        if not low <= values[field] <= high
    ]
