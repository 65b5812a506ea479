"""A shortcut gives the same bits as the estimator, or is not taken."""

import string
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from serving.compiled import MOST_COMPARED, CompiledEstimator, compiled
from serving.estimator import SklearnEstimator
from serving.shallow import shallow
from train.sentiment_data import built_in

X, y = load_breast_cancer(return_X_y=True)
REVIEWS = built_in()
TEXTS = [review.text for review in REVIEWS.texts]


def boosted(scaler=None, **parameters):
    scaler = (scaler or StandardScaler()).fit(X)
    model = GradientBoostingClassifier(n_estimators=30, random_state=1, **parameters)
    return SklearnEstimator(scaler, model.fit(scaler.transform(X), y))


def reviewed(**parameters):
    vectorizer = TfidfVectorizer(**parameters).fit(TEXTS)
    model = LogisticRegression(C=5, max_iter=500)
    return SklearnEstimator(vectorizer, model.fit(vectorizer.transform(TEXTS), REVIEWS.positive))


@pytest.mark.parametrize(
    "parameters", [{}, {"subsample": 0.8, "max_depth": 4}, {"loss": "log_loss"}]
)
def test_scaled_boosting_gives_the_same_bits(parameters):
    plain = boosted(**parameters)
    fast = compiled(plain, X[:50])

    assert isinstance(fast, CompiledEstimator)
    assert np.array_equal(fast.predict_proba(X), plain.predict_proba(X))


def on_the_edge(plain, rows):
    """Rows whose scaled fields are, to single precision, just at, above and below the limits."""
    trees = [each.tree_ for each in plain.model.estimators_[:, 0]]
    limits = np.concatenate([tree.threshold[tree.feature >= 0] for tree in trees])
    chosen = np.random.default_rng(0).choice(limits, (rows, X.shape[1])).astype(np.float32)
    moved = [chosen, np.nextafter(chosen, np.float32(9)), np.nextafter(chosen, np.float32(-9))]
    return plain.preprocessor.inverse_transform(np.concatenate(moved))


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_few_rows_and_many_get_the_same_bits_however_deep_the_trees(depth):
    plain = boosted(max_depth=depth)
    fast = compiled(plain, X[:50])
    rows = np.concatenate([X[::9], on_the_edge(plain, 60)])

    for few in (1, MOST_COMPARED, MOST_COMPARED + 1, len(rows)):
        parts = [rows[start : start + few] for start in range(0, len(rows), few)]
        made = np.concatenate([fast.predict_proba(part) for part in parts])
        assert np.array_equal(made, plain.predict_proba(rows))


@pytest.mark.parametrize(("depth", "is_laid_out"), [(1, True), (4, True), (5, False)])
def test_trees_that_are_too_deep_are_walked_down(depth, is_laid_out):
    trees = [each.tree_ for each in boosted(max_depth=depth).model.estimators_[:, 0]]

    assert (shallow(trees, 0.1, 0.0) is not None) == is_laid_out


def test_a_way_for_few_rows_that_is_off_by_one_bit_leaves_the_other_way(monkeypatch):
    """All rows of the sample together would not show it."""
    off = SimpleNamespace(sums=lambda x: np.nextafter(x[:, 0].astype(float), 1))
    monkeypatch.setattr("serving.compiled.shallow", lambda *_: off)
    plain = boosted()
    fast = compiled(plain, X[:50])

    assert isinstance(fast, CompiledEstimator)
    assert np.array_equal(fast.predict_proba(X[:1]), plain.predict_proba(X[:1]))


WEIGHINGS = [
    {},
    {"ngram_range": (1, 2)},
    {"sublinear_tf": True},
    {"analyzer": "char_wb", "ngram_range": (4, 4), "min_df": 2, "sublinear_tf": True},
    {"strip_accents": "unicode", "stop_words": "english"},
    {"smooth_idf": False},
]


@pytest.mark.parametrize("parameters", WEIGHINGS)
def test_weighed_terms_give_the_same_bits(parameters):
    plain = reviewed(**parameters)
    fast = compiled(plain, TEXTS[:50])
    long = [" ".join(TEXTS[i : i + 40]) for i in range(0, 300, 20)]

    assert isinstance(fast, CompiledEstimator)
    for texts in (TEXTS, long, ["zzzz", "!", "a"]):
        assert np.array_equal(fast.predict_proba(texts), plain.predict_proba(texts))


PLAIN = reviewed(ngram_range=(1, 2))
FAST = compiled(PLAIN, TEXTS[:20])


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text(string.ascii_letters + " .,!é\n", min_size=1), min_size=1, max_size=5))
def test_any_text_gets_the_same_bits(texts):
    assert np.array_equal(FAST.predict_proba(texts), PLAIN.predict_proba(texts))


@pytest.mark.parametrize(
    "estimator",
    [
        boosted(MinMaxScaler()),
        boosted(init=RandomForestClassifier(n_estimators=3, random_state=1)),
        reviewed(binary=True),
        reviewed(norm="l1"),
        reviewed(use_idf=False),
    ],
)
def test_what_no_shortcut_is_known_for_is_used_as_it_is(estimator):
    sample = TEXTS[:9] if isinstance(estimator.preprocessor, TfidfVectorizer) else X[:9]

    assert compiled(estimator, sample) is estimator


def test_a_shortcut_that_is_off_by_one_bit_is_not_taken():
    class Other(StandardScaler):
        def transform(self, *given):
            return np.nextafter(super().transform(*given), np.inf)

    Other.__name__ = "StandardScaler"
    wrong = boosted(Other())
    wrong.model.learning_rate = 0.1000001

    class Model(GradientBoostingClassifier):
        def predict_proba(self, *given):
            return np.nextafter(super().predict_proba(*given), 0.5)

    wrong.model.__class__ = Model
    Model.__name__ = "GradientBoostingClassifier"

    assert compiled(wrong, X[:50]) is wrong
