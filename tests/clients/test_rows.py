import json
from itertools import islice
from typing import Annotated, Literal, Self

import pytest
from pydantic import Field, model_validator

from clients.rows import rows
from models import loan_default
from models._contract import Strict


def some(contract, count=300, **options):
    return list(islice(rows(contract, **options), count))


class Kind(Strict):
    code: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    size: Annotated[int, Field(gt=0, lt=3)]


class Odd(Strict):
    """What no model here has: nesting, lists, null, a pattern, and shares that must add up."""

    share: Annotated[float, Field(ge=0, le=1)]
    rest: Annotated[float, Field(ge=0, le=1)]
    kind: Kind
    sizes: list[Annotated[int, Field(ge=1, le=9)]]
    note: str | None = None
    unit: Literal["cm"] = "cm"
    free: float = 0.0

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        if self.share + self.rest != 1:
            msg = "shares do not add up"
            raise ValueError(msg)
        return self


class OddContract:
    NAME = "odd"
    ROW = Odd
    EXAMPLE = (Odd(share=0.25, rest=0.75, kind=Kind(code="ABC", size=2), sizes=[1, 5]),)


@pytest.mark.parametrize("wild", [0, 1])
def test_every_row_is_valid(contract, wild):
    """As it arrives: JSON, read strictly, with the rules that join two fields."""
    for row in some(contract, wild=wild):
        contract.ROW.model_validate_json(json.dumps(row))


def test_rows_of_an_unusual_contract_are_valid_too():
    """A change that the contract refuses is taken back; what can vary, varies."""
    made = some(OddContract, wild=0.5)

    for row in made:
        Odd.model_validate_json(json.dumps(row))
    assert len({row["kind"]["size"] for row in made}) == 2
    assert len({json.dumps(row.get("note")) for row in made}) > 2


def test_the_same_seed_makes_the_same_rows(contract):
    """A load test can be repeated exactly; another seed is another test."""
    assert some(contract, seed=1) == some(contract, seed=1)
    assert some(contract, seed=1) != some(contract, seed=2)


def test_every_field_varies(contract):
    """A field that never changed would be tested at one point only."""
    made = some(contract)

    for name in contract.ROW.model_fields:
        assert len({json.dumps(row.get(name)) for row in made}) > 1, name


def test_hardly_any_two_rows_are_equal(contract):
    """So that nothing is measured that only remembers answers."""
    made = some(contract)

    assert len({json.dumps(row) for row in made}) > 0.9 * len(made)


def test_fields_with_a_default_are_sometimes_left_out():
    assert {"lender_state" in row for row in some(loan_default)} == {True, False}


def test_wild_rows_reach_the_ends_of_their_ranges():
    """Amounts of millions, which no example has."""
    tame = max(row["gross_approval_usd"] for row in some(loan_default))
    wild = max(row["gross_approval_usd"] for row in some(loan_default, wild=1))

    assert tame < 1_000_000
    assert wild > 9_000_000
