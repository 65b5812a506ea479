"""The review contract: how long a text may be, and what confidence means."""

import numpy as np
import pytest
from pydantic import ValidationError

from models import sentiment
from models._contract import Policy
from models.sentiment import Review


def opinion(positive, policy):
    probabilities = np.array([[1 - positive, positive]])
    return sentiment.predictions([Review(text="a")], probabilities, policy)[0]


@pytest.mark.parametrize("text", ["a", "a" * 5_000, "  a  ", "héllo 🙂", "שלום", "a\x00b"])
def test_a_text_of_one_to_five_thousand_characters_passes_as_it_is(text):
    assert sentiment.features([Review(text=text)]) == [text]


@pytest.mark.parametrize("text", ["", "a" * 5_001, " ", "\n\t\u2003", "🙂" * 5_001])
def test_an_empty_blank_or_longer_text_is_refused(text):
    with pytest.raises(ValidationError):
        Review(text=text)


@pytest.mark.parametrize("text", [5, None, True, ["a"], b"a"])
def test_only_a_string_is_a_text(text):
    with pytest.raises(ValidationError):
        Review.model_validate({"text": text})


@pytest.mark.parametrize(("positive", "label"), [(0.49, "negative"), (0.5, "positive")])
def test_the_label_turns_exactly_at_the_policys_threshold(positive, label):
    assert opinion(positive, Policy()).label == label


@pytest.mark.parametrize("positive", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_confidence_is_the_probability_of_the_label(positive):
    assert opinion(positive, Policy()).confidence == max(positive, 1 - positive)
