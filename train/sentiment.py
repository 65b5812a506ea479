"""Sentiment: which parts of words speak for and against, weighed by a linear model."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline

from models import sentiment
from models._contract import Policy
from serving.estimator import SklearnEstimator
from serving.manifest import Data
from serving.runner import Runner
from train import sentiment_data
from train.calibrate import Asked, Calibration, calibration
from train.contenders import LOGISTIC, answers, behind
from train.costs import Costs
from train.gate import Gate
from train.leaks import Columns, Guard
from train.part import Floats, Part, whole
from train.progress import Progress
from train.recipe import About, Checked, Order, Outcome
from train.sentiment_data import Reviews
from train.split import Split, random_split
from train.study import DUMMY
from train.study import LOGISTIC as LOGISTIC_BASELINE
from train.tune import Search, Settings, Tuning, search
from train.validate import validate

CONTRACT = sentiment
OPTIONS = frozenset({"data", "seed", "cost_false_negative", "cost_false_positive", "budget"})
GATE = Gate(
    floors={"cv_roc_auc_mean": 0.8, "test_roc_auc": 0.8, "test_accuracy": 0.72},
    # Wide, for a small file holds out few rows, and the fewer, the larger is the error by chance.
    ceilings={"test_brier": 0.20, "test_calibration_error": 0.12},
    leads={DUMMY: 0.3, LOGISTIC_BASELINE: -0.02},
)
# A few hundred phrases teach little, and so few of them are held out that one split says less: the
# folds decide. Better than chance is all that is asked, and no ceiling could be told from chance.
BUILT_IN_GATE = Gate(floors={"cv_roc_auc_mean": 0.62, "test_roc_auc": 0.5})
ABOUT = About(
    predicts="Whether an English review speaks well of what it reviews.",
    intended="To sort English reviews of products and services, many at a time.",
    forbidden="Not for judging the person who wrote, and not for other languages.",
    licence="That of the labelled file, which its owner knows",
    cautions=("It weighs parts of words and does not understand irony or context.",),
)
BUILT_IN = About(
    predicts=ABOUT.predicts,
    intended="To try the service out before there is a labelled file.",
    forbidden="Not for any decision.",
    licence="Written for this project, Apache-2.0",
    cautions=("Learned from a few hundred phrases: train it on a labelled file.", *ABOUT.cautions),
)
COSTS = Costs()
GUARD = Guard()
SERVED = LOGISTIC
COMMON_WORDS = 50
"""As many are looked at one by one: a label that was left in the text is a common word."""

SETTINGS: Settings = {"C": 10.0}
CHOICES = {"C": (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)}
SPLIT = "random 80/20"
FOLDS = 5


def train(order: Order, progress: Progress, /) -> Outcome:
    """Split 80/20 by label, fit the vectoriser and the classifier on the training part only.

    Raises:
        SourceError: the file cannot be trained on.
    """
    progress("reading", 0)
    reviews = _reviews(order)
    everything = whole(reviews.texts, reviews.positive)
    report = validate(everything, reviews.dropped, reviews.source)
    split = random_split(len(everything), order.seed, (0.8, 0.0, 0.2), stratify=everything.positive)
    parts = {"train": everything.take(split.train), "test": everything.take(split.test)}
    texts, positive = sentiment.features(parts["train"].rows), parts["train"].positive
    alone = GUARD.check(_columns(texts), parts["train"], order.seed)
    tuning = _tuned(texts, positive, order, progress)
    settings = tuning.chosen if tuning else SETTINGS
    progress("fitting", 0)
    vectoriser = _vectoriser().fit(texts)
    model = _classifier(settings, order.seed).fit(vectoriser.transform(texts), positive)
    progress("cross-validating", 0.5)
    extra = _cross_validated(texts, positive, settings, order.seed)
    found = _calibration(texts, parts["train"], settings, order.seed)
    _apply(model, found)
    costs = order.costs(COSTS)
    return Outcome(
        runner=Runner(
            sentiment, SklearnEstimator(vectoriser, model), Policy(threshold=costs.threshold)
        ),
        score="positive_probability",
        parts=parts,
        extra=extra,
        data=_data(reviews, parts, split, order.seed),
        gate=BUILT_IN_GATE if reviews.synthetic else GATE,
        about=BUILT_IN if reviews.synthetic else ABOUT,
        baselines={LOGISTIC_BASELINE: _words(parts)},
        alone=alone,
        costs=costs,
        calibration=found,
        tuning=tuning,
        report=report,
    )


def read(order: Order, /) -> Part:
    """The reviews of the file, else the built-in phrases."""
    reviews = _reviews(order)
    return whole(reviews.texts, reviews.positive)


def checked(order: Order, /) -> Checked:
    """As `train` looks at them, but all rows at once."""
    reviews = _reviews(order)
    part = whole(reviews.texts, reviews.positive)
    validate(part, reviews.dropped, reviews.source)
    GUARD.check(_columns(sentiment.features(part.rows)), part, order.seed)
    return Checked(part, reviews.fingerprint)


def _reviews(order: Order) -> Reviews:
    return sentiment_data.read(order.data) if order.data else sentiment_data.built_in()


def candidates(seed: int, /) -> Mapping[str, Any]:
    """Each with a vectoriser of its own."""
    return behind(_vectoriser, seed)


def _columns(texts: list[str]) -> Columns:
    """The length, and of each common word whether the text has it."""
    words = CountVectorizer(binary=True, max_features=COMMON_WORDS).fit(texts)
    found = words.transform(texts).toarray().T.tolist()
    named = {f"the word {word!r}": found[place] for word, place in words.vocabulary_.items()}
    return {"the length": [len(text) for text in texts], **named}


def _words(parts: Mapping[str, Part]) -> Floats:
    """The baseline: whole words, counted."""
    contender = make_pipeline(CountVectorizer(), LogisticRegression(max_iter=1_000))
    return answers(sentiment, contender, parts["train"], parts["test"])


def _vectoriser() -> Any:
    """Four characters at a time, within words: `works` and `working` have parts in common.

    Longer and mixed lengths gained less than half a point of accuracy and cost three times as much
    for each request; whole words lost six points on few phrases.
    """
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 4), min_df=2, sublinear_tf=True)


def _classifier(settings: Mapping[str, Any], seed: int) -> Any:
    return LogisticRegression(**settings, max_iter=1_000, random_state=seed)


def _pipeline(settings: Mapping[str, Any], seed: int) -> Any:
    return make_pipeline(_vectoriser(), _classifier(settings, seed))


def _folds(seed: int) -> StratifiedKFold:
    return StratifiedKFold(FOLDS, shuffle=True, random_state=seed)


def _cross_validated(
    texts: list[str], positive: Any, settings: Mapping[str, Any], seed: int
) -> dict[str, float]:
    """ROC-AUC over folds of the training part, each with a vectoriser of its own."""
    both = _pipeline(settings, seed)
    found = cross_val_score(both, texts, positive, cv=_folds(seed), scoring="roc_auc")
    return {"cv_roc_auc_mean": float(np.mean(found)), "cv_roc_auc_std": float(np.std(found))}


def _out_of_fold(texts: list[str], positive: Any, settings: Settings, seed: int) -> Floats:
    chances: Floats = cross_val_predict(
        _pipeline(settings, seed), texts, positive, cv=_folds(seed), method="predict_proba"
    )[:, 1]
    return chances


def _tuned(texts: list[str], positive: Any, order: Order, progress: Progress) -> Tuning | None:
    if not order.budget:
        return None

    def brier(settings: Settings) -> float:
        found = _out_of_fold(texts, positive, settings, order.seed)
        return float(np.mean((found - positive) ** 2))

    return search(Search(SETTINGS, CHOICES, order.budget, order.seed), brier, progress)


def _calibration(texts: list[str], part: Part, settings: Settings, seed: int) -> Calibration:
    """By what the folds say of rows left out: there is no validation part to spare."""
    found = _out_of_fold(texts, part.positive, settings, seed)
    return calibration(Asked(found, part.positive, part.weights), seed)


def _apply(model: Any, found: Calibration) -> None:
    """Into the weights themselves: what is served is one linear model, calibrated or not."""
    model.coef_ *= found.scale
    model.intercept_ = model.intercept_ * found.scale + found.shift


def _data(reviews: Reviews, parts: Mapping[str, Part], split: Split, seed: int) -> Data:
    return Data(
        source=reviews.source,
        synthetic=reviews.synthetic,
        fingerprint=reviews.fingerprint,
        rows={name: len(part) for name, part in parts.items()},
        dropped=reviews.dropped,
        seed=seed,
        read=len(reviews.texts) + sum(reviews.dropped.values()),
        split=split.fingerprint,
        split_by=SPLIT,
    )
