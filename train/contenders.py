"""Simpler models to beat, and others worth a try, on the features that the served model gets."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from models._contract import AnyContract
from train.part import Floats, Part

LOGISTIC = "logistic regression"
FOREST = "random forest"
BOOSTING = "gradient boosting"
RARE_LEVEL = 20
THREADS = 2


def tabular(numeric: Sequence[int], categorical: Sequence[int], seed: int) -> dict[str, Any]:
    """For rows of numbers and strings: numbers scaled, each category a column of its own."""
    return behind(lambda: _encoder(numeric, categorical), seed)


def behind(preprocessor: Callable[[], Any], seed: int) -> dict[str, Any]:
    """Three usual classifiers, each behind a preprocessor of its own."""
    classifiers = {
        LOGISTIC: LogisticRegression(max_iter=2_000),
        FOREST: RandomForestClassifier(300, min_samples_leaf=5, n_jobs=THREADS, random_state=seed),
        BOOSTING: GradientBoostingClassifier(
            n_estimators=150, max_depth=4, learning_rate=0.08, subsample=0.8, random_state=seed
        ),
    }
    return {name: make_pipeline(preprocessor(), each) for name, each in classifiers.items()}


def answers(contract: AnyContract, contender: Any, trained: Part, asked: Part) -> Floats:
    """Fit a copy of a contender to one part and ask it about another."""
    # Not sklearn.base.clone: a CatBoost classifier that knows its categories refuses it.
    model = fitted(deepcopy(contender), contract.features(trained.rows), trained)
    scores: Floats = model.predict_proba(contract.features(asked.rows))[:, 1]
    return scores


def fitted(contender: Any, features: Any, part: Part) -> Any:
    """With weights of mean 1, for whichever step comes last."""
    weights = part.weights / part.weights.mean()
    steps: Mapping[str, Any] = getattr(contender, "named_steps", {})
    prefix = f"{list(steps)[-1]}__" if steps else ""
    return contender.fit(features, part.positive, **{f"{prefix}sample_weight": weights})


def _encoder(numeric: Sequence[int], categorical: Sequence[int]) -> Any:
    levels = OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=RARE_LEVEL, sparse_output=False
    )
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), list(numeric)), ("levels", levels, list(categorical))]
    )
    return make_pipeline(FunctionTransformer(_cells), columns)


def _cells(rows: Sequence[Sequence[Any]]) -> Any:
    return np.array(rows, dtype=object)
