"""The same answers with less ceremony.

scikit-learn checks its input anew in every step of every call, which costs a single row more than
the trees do. Rows that come here were validated already, so the steps can be called bare. Whatever
is built here is compared with the estimator itself before it is used: it must give the same bits,
or it is left alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from models._contract import Probabilities
from serving.estimator import Estimator, SklearnEstimator
from serving.shallow import shallow

log = structlog.get_logger()

Predict = Callable[[Any], Probabilities]

# For more texts one sparse matrix of them all costs less, and for more rows to walk down each tree.
MOST_TEXTS = 128
MOST_COMPARED = 8


@dataclass(frozen=True)
class CompiledEstimator:
    """An estimator whose `predict_proba` was replaced by an equal, faster one."""

    plain: Estimator
    predict_proba: Predict

    @property
    def kind(self) -> str:
        """As of the plain one."""
        return self.plain.kind

    @property
    def parameters(self) -> dict[str, Any]:
        """As of the plain one."""
        return self.plain.parameters

    @property
    def save(self) -> Callable[..., None]:
        """As of the plain one."""
        return self.plain.save


def compiled(estimator: Estimator, sample: Any) -> Estimator:
    """Return a faster estimator if one is known and gives the same bits for `sample`."""
    known = _faster(estimator)
    for predict in known:
        if _same(predict, estimator.predict_proba, sample):
            return CompiledEstimator(estimator, predict)
    if known:
        log.warning("not_compiled", estimator=estimator.kind)
    return estimator


def _same(one: Predict, other: Predict, sample: Any) -> bool:
    """Whether they give the same bits for all rows together, and for a few at a time."""
    try:
        parts = [sample[at : at + MOST_COMPARED] for at in range(0, len(sample), MOST_COMPARED)]
        return all(np.array_equal(one(part), other(part)) for part in (sample, *parts))
    except Exception:
        return False


def _faster(estimator: Estimator) -> list[Predict]:
    """What is known, the fastest first."""
    if not isinstance(estimator, SklearnEstimator):
        return []
    steps = (type(estimator.preprocessor).__name__, type(estimator.model).__name__)
    if steps == ("StandardScaler", "GradientBoostingClassifier"):
        return _scaled_boosting(estimator.preprocessor, estimator.model)
    if steps == ("TfidfVectorizer", "LogisticRegression"):
        score = _tfidf_logistic(estimator.preprocessor, estimator.model)
        return [_unless_many(score, estimator.predict_proba, MOST_TEXTS)] if score else []
    return []


def _scaled_boosting(scaler: Any, model: Any) -> list[Predict]:
    """Scale, then sum the trees, as `decision_function` does when its input is valid."""
    from sklearn.ensemble._gradient_boosting import predict_stages

    if type(model.init_).__name__ != "DummyClassifier" or model.estimators_.shape[1] > 1:
        return []
    mean, scale, trees, rate = scaler.mean_, scaler.scale_, model.estimators_, model.learning_rate
    to_probabilities = model._loss.predict_proba
    # What the sum starts from is the same for every row: the log-odds of the training prior.
    start = model._raw_predict_init(np.zeros((1, model.n_features_in_), dtype=np.float32))[0, 0]

    def walked(features: npt.NDArray[np.float64]) -> Probabilities:
        raw = np.full((len(features), 1), start)
        predict_stages(trees, ((features - mean) / scale).astype(np.float32), rate, raw)
        probabilities: Probabilities = to_probabilities(raw.ravel())
        return probabilities

    side_by_side = shallow([each.tree_ for each in trees[:, 0]], rate, start)
    if side_by_side is None:
        return [walked]
    sums = side_by_side.sums

    def compared(features: npt.NDArray[np.float64]) -> Probabilities:
        raw = sums(((features - mean) / scale).astype(np.float32))
        probabilities: Probabilities = to_probabilities(raw)
        return probabilities

    return [_unless_many(compared, walked, MOST_COMPARED), walked]


def _tfidf_logistic(vectorizer: Any, model: Any) -> Predict | None:
    """Weigh the terms of each text and sum their coefficients, without a sparse matrix for it."""
    from scipy.special import expit

    if vectorizer.norm != "l2" or not vectorizer.use_idf or vectorizer.binary:
        return None
    analyze, index_of = vectorizer.build_analyzer(), vectorizer.vocabulary_.get
    idf, coefficients = vectorizer.idf_.tolist(), model.coef_[0].tolist()
    intercept = model.intercept_[0]
    term_frequency = _sublinear if vectorizer.sublinear_tf else float

    def score(text: str) -> float:
        counts: dict[int, int] = {}
        for term in analyze(text):
            index = index_of(term)
            if index is not None:
                counts[index] = counts.get(index, 0) + 1
        # In the order of a sorted sparse row, one after the other: the sums must round the same
        # way, which `sum` does not promise.
        terms = sorted(counts)
        weights = [term_frequency(counts[index]) * idf[index] for index in terms]
        squares = 0.0
        for weight in weights:
            squares += weight * weight
        norm = sqrt(squares) or 1.0
        total = 0.0
        for index, weight in zip(terms, weights, strict=True):
            total += weight / norm * coefficients[index]
        return total

    def predict(texts: Sequence[str]) -> Probabilities:
        positive = expit(np.array([score(text) for text in texts]) + intercept)
        return np.column_stack((1 - positive, positive))

    return predict


def _unless_many(few: Predict, many: Predict, most: int) -> Predict:
    """Use `few` for at most so many rows: what is least for one is not least for hundreds."""

    def predict(features: Any) -> Probabilities:
        return many(features) if len(features) > most else few(features)

    return predict


@cache
def _sublinear(count: int) -> float:
    return float(np.log(float(count)) + 1.0)
