from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import Field, create_model

from models import breast_cancer, loan_default, sentiment
from models._contract import Strict
from monitoring.kinds import FieldKind, kinds


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def kind(annotation):
    return kinds(create_model("Row", __base__=Strict, x=(annotation, ...))).get("x")


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (float, "number"),
        (Annotated[int, Field(ge=0, le=9)], "number"),
        (int | float, "number"),
        (bool, "category"),
        (Literal["a", "b"], "category"),
        (Literal["a"], "category"),
        (Literal["a", "b"] | Literal["c"], "category"),
        (Literal[1, 2], "category"),
        (Colour, "category"),
        (str, "text"),
        (Annotated[str, Field(min_length=1)], "text"),
    ],
)
def test_the_schema_says_what_a_field_holds(annotation, expected):
    assert kind(annotation) == FieldKind(expected, nullable=False)
    assert kind(annotation | None) == FieldKind(expected, nullable=True)


@pytest.mark.parametrize("annotation", [list[float], dict[str, int], date, float | str, Decimal])
def test_what_can_not_be_watched_is_left_out(annotation):
    assert kind(annotation) is None


def test_every_field_of_every_model_here_is_watched():
    for contract in (breast_cancer, loan_default, sentiment):
        assert list(kinds(contract.ROW)) == list(contract.ROW.model_fields)


def test_a_field_is_called_by_its_own_name_and_not_by_its_alias():
    row = create_model("Row", __base__=Strict, x=(Annotated[float, Field(alias="X")], ...))

    assert list(kinds(row)) == ["x"]
