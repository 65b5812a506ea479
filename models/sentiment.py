"""Sentiment: does a review speak well of what it reviews?"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from models._contract import Policy, Probabilities, Probability, Strict

NAME = "sentiment"


def _not_blank(text: str) -> str:
    if not text.strip():
        msg = "Text should have at least one character that is not white space"
        raise PydanticCustomError("blank_text", msg)
    return text


Text = Annotated[
    str,
    Field(
        min_length=1,
        max_length=5_000,
        description="The review as written, in English.",
        json_schema_extra={"private": True},
    ),
    AfterValidator(_not_blank),
]


class Review(Strict):
    """One review."""

    text: Text


class Opinion(Strict):
    """How likely the review is positive; `confidence` is the probability of the label given."""

    positive_probability: Probability
    label: Literal["positive", "negative"]
    confidence: Probability


ROW = Review
PREDICTION = Opinion
EXAMPLE = [
    Review(text="Great value and it works perfectly, I love it."),
    Review(text="It broke after two days and support was useless."),
]

_validate = TypeAdapter(list[Opinion]).validate_python


def features(rows: Sequence[Review], /) -> list[str]:
    """The texts, for the vectoriser."""
    return [row.text for row in rows]


def predictions(
    rows: Sequence[Review], probabilities: Probabilities, policy: Policy, /
) -> list[Opinion]:
    """Column 1 is positive."""
    return _validate(
        [
            {
                "positive_probability": positive,
                "label": "positive" if positive >= policy.threshold else "negative",
                "confidence": positive if positive >= policy.threshold else negative,
            }
            for negative, positive in probabilities.tolist()
        ]
    )
