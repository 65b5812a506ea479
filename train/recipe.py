"""What a recipe is: a module of the model's name that turns an order into a trained model."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import models
from models._contract import AnyContract
from serving.manifest import Data
from serving.runner import Runner
from train.calibrate import Calibration
from train.costs import Costs
from train.gate import Gate
from train.loans import ClassWeights
from train.part import Floats, Part
from train.progress import Progress
from train.study import Study
from train.tune import Tuning
from train.validate import Report


@dataclass(frozen=True)
class Order:
    """What the user asks of a recipe. Without `data` it trains on what the project brings along.

    `budget` are the minutes that the search for better settings may take; without it there is none.
    """

    data: Path | None = None
    seed: int = 42
    class_weights: ClassWeights | None = None
    cost_false_negative: float | None = None
    cost_false_positive: float | None = None
    budget: float | None = None

    def costs(self, own: Costs) -> Costs:
        """What the user says, and the recipe's own for what the user leaves open."""
        said = {
            "false_negative": self.cost_false_negative,
            "false_positive": self.cost_false_positive,
        }
        return own.model_copy(update={name: cost for name, cost in said.items() if cost})


@dataclass(frozen=True)
class About:
    """What the model card says and no number shows."""

    predicts: str
    licence: str
    cautions: tuple[str, ...] = ()
    intended: str = ""
    forbidden: str = ""
    defects: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A trained model with its evidence, not yet judged.

    `score` names the field of a prediction that holds the probability of the positive outcome.
    `parts` are those measured: `train` and `test`, the latter never seen in training. `learned` are
    all those that shaped the model, where that is more than `train`. `baselines` are the scores
    that simpler models give the test part. `studies` are other splits, each with a model of its
    own. `alone` is the ROC-AUC that each column reaches by itself. `groups` are the fields whose
    every value is judged apart. `extra` are metrics that only the recipe can measure. `notes` are
    for the user's eyes, now.
    """

    runner: Runner
    score: str
    parts: Mapping[str, Part]
    data: Data
    gate: Gate
    about: About
    baselines: Mapping[str, Floats] = field(default_factory=dict)
    studies: tuple[Study, ...] = ()
    alone: Mapping[str, float] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    learned: tuple[Part, ...] = ()
    costs: Costs = field(default_factory=Costs)
    calibration: Calibration | None = None
    tuning: Tuning | None = None
    report: Report | None = None
    extra: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Checked:
    """All usable rows, validated and without a leak, and the fingerprint of their source."""

    part: Part
    fingerprint: str


class Recipe(Protocol):
    """A module `train/<name>.py`; `OPTIONS` are the fields of `Order` it can make use of.

    `SERVED` names the candidate that is most like what it serves.
    """

    @property
    def CONTRACT(self) -> AnyContract: ...  # noqa: N802 - a module's constant

    @property
    def OPTIONS(self) -> frozenset[str]: ...  # noqa: N802

    @property
    def SERVED(self) -> str: ...  # noqa: N802

    def read(self, order: Order, /) -> Part:
        """All usable rows.

        Raises:
            SourceError: there are none, or the file cannot be read.
        """
        ...

    def checked(self, order: Order, /) -> Checked:
        """All usable rows, looked at as `train` does before it fits anything.

        Raises:
            SourceError: they cannot be trained on, or a column knows the outcome.
        """
        ...

    def candidates(self, seed: int, /) -> Mapping[str, Any]:
        """Unfitted models worth comparing; each takes what the contract's `features` gives."""
        ...

    def train(self, order: Order, progress: Progress, /) -> Outcome:
        """Read, split, fit.

        Raises:
            SourceError: the data cannot be trained on.
        """
        ...


def names() -> list[str]:
    """Every model: the modules in `models/`, in the order of the alphabet."""
    found = [module.name for module in pkgutil.iter_modules(models.__path__)]
    return sorted(name for name in found if not name.startswith("_"))


def find(name: str) -> Recipe:
    """The recipe of a model is the module in `train/` of the same name."""
    return cast("Recipe", importlib.import_module(f"train.{name}"))
