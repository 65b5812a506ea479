"""The fitted estimators, with or without a preprocessor, and how they are stored."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from models._contract import Probabilities

# Types beyond skops' own list that a model file may hold. They stand here and are never read from
# the file: a file that could name its own trusted types could run code.
TRUSTED = ("sklearn.tree._tree.Tree",)

PREPROCESSOR = "preprocessor.skops"
SKLEARN_MODEL = "model.skops"
CATBOOST_MODEL = "model.cbm"


class Estimator(Protocol):
    """A fitted classifier of two classes, with whatever prepares its input."""

    @property
    def kind(self) -> str:
        """The class of the classifier, for people."""
        ...

    @property
    def parameters(self) -> dict[str, Any]: ...

    def predict_proba(self, features: Any, /) -> Probabilities:
        """Give the probabilities of both classes, shape (rows, 2)."""
        ...

    def save(self, folder: Path, /) -> None:
        """Write one file each for the preprocessor and the model."""
        ...


@dataclass(frozen=True)
class SklearnEstimator:
    """A scikit-learn classifier behind a scikit-learn transformer, stored apart."""

    preprocessor: Any
    model: Any

    @property
    def kind(self) -> str:
        """Name both classes."""
        return f"{type(self.preprocessor).__name__} + {type(self.model).__name__}"

    @property
    def parameters(self) -> dict[str, Any]:
        """Give those of both steps, prefixed as in a scikit-learn pipeline."""
        steps = {"preprocessor": self.preprocessor, "model": self.model}
        return {
            f"{step}__{name}": value
            for step, estimator in steps.items()
            for name, value in estimator.get_params().items()
        }

    def predict_proba(self, features: Any, /) -> Probabilities:
        """Transform, then predict."""
        probabilities: Probabilities = self.model.predict_proba(
            self.preprocessor.transform(features)
        )
        return probabilities

    def save(self, folder: Path, /) -> None:
        """Write `preprocessor.skops` and `model.skops`."""
        import skops.io

        skops.io.dump(self.preprocessor, folder / PREPROCESSOR)
        skops.io.dump(self.model, folder / SKLEARN_MODEL)

    @classmethod
    def load(cls, folder: Path, /) -> "SklearnEstimator":
        """Read what `save` wrote; skops refuses a type that neither it nor `TRUSTED` names."""
        import skops.io

        return cls(
            skops.io.load(folder / PREPROCESSOR, trusted=list(TRUSTED)),
            skops.io.load(folder / SKLEARN_MODEL, trusted=list(TRUSTED)),
        )


@dataclass(frozen=True)
class CatBoostEstimator:
    """A CatBoost classifier; it takes rows of numbers and strings as they are."""

    model: Any
    _categories: list[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Ask once where the categories are: the model looks it up anew every time."""
        object.__setattr__(self, "_categories", self.model.get_cat_feature_indices())

    @property
    def kind(self) -> str:
        """Name the class."""
        return type(self.model).__name__

    @property
    def parameters(self) -> dict[str, Any]:
        """Give all, defaults included, as trained."""
        parameters: dict[str, Any] = self.model.get_all_params()
        return parameters

    def predict_proba(self, features: Any, /) -> Probabilities:
        """Predict on one thread: more make a small batch slower.

        A pool that was not told so as well starts a second one, which spins between batches.
        """
        from catboost import Pool

        pool = Pool(features, cat_features=self._categories, thread_count=1)
        return np.asarray(self.model.predict_proba(pool, thread_count=1))

    def save(self, folder: Path, /) -> None:
        """Write `model.cbm`, CatBoost's own format."""
        self.model.save_model(str(folder / CATBOOST_MODEL), format="cbm")

    @classmethod
    def load(cls, folder: Path, /) -> "CatBoostEstimator":
        """Read what `save` wrote."""
        from catboost import CatBoostClassifier

        return cls(CatBoostClassifier().load_model(str(folder / CATBOOST_MODEL), format="cbm"))


def load(folder: Path) -> Estimator:
    """Load whichever estimator the folder holds."""
    if (folder / CATBOOST_MODEL).exists():
        return CatBoostEstimator.load(folder)
    return SklearnEstimator.load(folder)
