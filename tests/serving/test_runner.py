"""What is no probability never becomes an answer."""

from dataclasses import dataclass
from typing import Any

import bentoml
import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from models import breast_cancer, sentiment
from models._contract import Policy
from serving import artifact
from serving.estimator import SklearnEstimator
from serving.runner import AT_ONCE, BadOutputError, Runner


@dataclass(frozen=True)
class Fixed:
    """An estimator that always says the same."""

    says: Any
    kind: str = "Fixed"
    parameters: Any = None

    def predict_proba(self, _features):
        return np.array(self.says, dtype=float)

    def save(self, _folder):
        raise NotImplementedError


def runner(says):
    return Runner(sentiment, Fixed(says), Policy())


def test_probabilities_become_predictions():
    (prediction,) = runner([[0.25, 0.75]]).predict(sentiment.EXAMPLE[:1])

    assert prediction.positive_probability == 0.75


@pytest.mark.parametrize(
    "says",
    [
        [[np.nan, np.nan]],
        [[0.5, np.nan]],
        [[np.inf, 0.5]],
        [[-0.3, 1.3]],
        [[1.3, -0.3]],
        [[0.5, 0.6]],
        [[0.2, 0.2]],
    ],
)
def test_an_output_that_is_no_probability_is_refused_and_named(says):
    with pytest.raises(BadOutputError, match=r"sentiment.*\["):
        runner(says).predict(sentiment.EXAMPLE[:1])


@pytest.mark.parametrize("says", [[], [[0.5, 0.5]] * 2, [0.5], [[0.1, 0.2, 0.7]]])
def test_an_output_of_another_shape_is_refused(says):
    with pytest.raises(BadOutputError, match="shape"):
        runner(says).predict(sentiment.EXAMPLE[:1])


@dataclass(frozen=True)
class Miscounting:
    """A contract whose predictions are not as many as its rows."""

    NAME = "miscounting"
    made: int

    def features(self, rows):
        return rows

    def predictions(self, rows, _probabilities, _policy):
        return [rows[0]] * self.made


@pytest.mark.parametrize("made", [0, 1, 3])
def test_predictions_that_are_not_one_a_row_are_refused_so_that_nobody_gets_his_neighbours(made):
    with pytest.raises(BadOutputError, match=f"{made} predictions for 2 rows"):
        Runner(Miscounting(made), Fixed([[0.5, 0.5]] * 2), Policy()).predict(["a", "b"])


def test_one_bad_row_among_good_ones_is_found():
    with pytest.raises(BadOutputError, match="nan"):
        runner([[0.5, 0.5], [np.nan, 0.5]]).predict(sentiment.EXAMPLE)


@dataclass(frozen=True)
class ByLength:
    """An estimator that answers by the length of a text, and tells how many it was asked."""

    asked: list[int]
    kind: str = "ByLength"
    parameters: Any = None

    def save(self, _folder):
        raise NotImplementedError

    def predict_proba(self, texts):
        self.asked.append(len(texts))
        return np.array([[1 - len(text) / 10**4, len(text) / 10**4] for text in texts])


@pytest.mark.parametrize("number", [1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 7])
def test_many_rows_are_predicted_in_parts_and_in_order(number):
    asked: list[int] = []
    rows = [sentiment.Review(text="a" * (n + 1)) for n in range(number)]
    predictions = Runner(sentiment, ByLength(asked), Policy()).predict(rows)

    assert max(asked) <= AT_ONCE
    assert [each.positive_probability for each in predictions] == [
        (n + 1) / 10**4 for n in range(number)
    ]


def test_without_its_scaler_the_model_answers_otherwise(home):
    """S3-47: a step that is forgotten changes answers without a word, so it can not be."""
    trained = artifact.read(breast_cancer, bentoml.models.get("breast_cancer:latest")).runner
    rows = breast_cancer.EXAMPLE
    model = SklearnEstimator(FunctionTransformer(), trained.estimator.plain.model)
    unscaled = Runner(breast_cancer, model, trained.policy)

    assert not np.allclose(unscaled.probabilities(rows), trained.probabilities(rows), atol=0.01)
