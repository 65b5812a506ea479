"""The fitted models as every peer gets them: read from the artifact, called as their libraries say.

No BentoML in here: the peers' environments do not have it.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models import breast_cancer, loan_default, sentiment
from models._contract import AnyContract, Policy, Probabilities

CONTRACTS: dict[str, AnyContract] = {
    contract.NAME: contract for contract in (loan_default, breast_cancer, sentiment)
}

# Environment variables, set by whoever starts a peer.
FOLDER = "BENCH_FOLDER_{}"  # of a model's artifact, by its name in capitals
WORKERS = "BENCH_WORKERS"
PORT = "BENCH_PORT"
SHORTCUT = "BENCH_SHORTCUT"  # lend the peer Tabento's own, faster call of the estimator

Call = Callable[[Any], Probabilities]


def folder(name: str) -> Path:
    return Path(os.environ[FOLDER.format(name.upper())])


def workers() -> int:
    return int(os.environ.get(WORKERS, "1"))


def port() -> int:
    return int(os.environ[PORT])


@dataclass(frozen=True)
class Fitted:
    """A contract with its fitted steps.

    `preprocessor` is None where the model needs none; `call` runs both on features.
    """

    contract: AnyContract
    policy: Policy
    preprocessor: Any
    model: Any
    call: Call

    def predict(self, rows: Sequence[Any]) -> list[Any]:
        """Give one prediction a row, in order."""
        probabilities = self.call(self.contract.features(rows))
        return self.contract.predictions(rows, probabilities, self.policy)


def load(name: str, *, shortcut: bool | None = None) -> Fitted:
    """Load one model from its artifact's folder; the environment says whether with `SHORTCUT`."""
    here, contract = folder(name), CONTRACTS[name]
    manifest = json.loads((here / "manifest.json").read_bytes())
    policy = Policy.model_validate_json(json.dumps(manifest["policy"]))
    preprocessor, model = _steps(here)
    if shortcut is None:
        shortcut = bool(os.environ.get(SHORTCUT))
    call = _shortcut(contract, preprocessor, model) if shortcut else _call(preprocessor, model)
    return Fitted(contract, policy, preprocessor, model, call)


def load_all() -> dict[str, Fitted]:
    return {name: load(name) for name in CONTRACTS}


def _steps(here: Path) -> tuple[Any, Any]:
    if (here / "model.cbm").exists():
        from catboost import CatBoostClassifier

        return None, CatBoostClassifier().load_model(str(here / "model.cbm"), format="cbm")
    import skops.io

    trusted = ["sklearn.tree._tree.Tree"]
    return (
        skops.io.load(here / "preprocessor.skops", trusted=trusted),
        skops.io.load(here / "model.skops", trusted=trusted),
    )


def _call(preprocessor: Any, model: Any) -> Call:
    if preprocessor is None:
        return _catboost_call(model)
    return lambda features: model.predict_proba(preprocessor.transform(features))


def _catboost_call(model: Any) -> Call:
    """A pool made of lists, on one thread: the fastest public way."""
    from catboost import Pool

    categories = model.get_cat_feature_indices()

    def call(features: Any) -> Probabilities:
        pool = Pool(features, cat_features=categories, thread_count=1)
        return np.asarray(model.predict_proba(pool, thread_count=1))

    return call


def _shortcut(contract: AnyContract, preprocessor: Any, model: Any) -> Call:
    # The one place where a peer is lent a part of Tabento, and only when it is asked for.
    from serving.compiled import compiled
    from serving.estimator import SklearnEstimator

    if preprocessor is None:
        return _catboost_call(model)
    sample = contract.features(contract.EXAMPLE)
    return compiled(SklearnEstimator(preprocessor, model), sample).predict_proba
