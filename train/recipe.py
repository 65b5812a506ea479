"""What a recipe is: a module of the model's name that turns an order into a trained model."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

import models
from models._contract import AnyContract
from serving.manifest import Data
from serving.runner import Runner
from train.gate import Gate
from train.loans import ClassWeights
from train.part import Part

Progress = Callable[[str, float], None]
"""Told what is being done and how much of that is done, from 0 to 1."""


@dataclass(frozen=True)
class Order:
    """What the user asks of a recipe. Without `data` it trains on what the project brings along."""

    data: Path | None = None
    seed: int = 42
    class_weights: ClassWeights | None = None


@dataclass(frozen=True)
class About:
    """What the model card says and no number shows."""

    predicts: str
    licence: str
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """A trained model with its evidence, not yet judged.

    `score` names the field of a prediction that holds the probability of the positive outcome.
    `parts` are those measured: `train` and `test`, the latter never seen in training. `extra` are
    metrics that only the recipe can measure. `notes` are for the user's eyes, now.
    """

    runner: Runner
    score: str
    parts: Mapping[str, Part]
    data: Data
    gate: Gate
    about: About
    extra: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Recipe(Protocol):
    """A module `train/<name>.py`; `OPTIONS` are the fields of `Order` it can make use of."""

    @property
    def CONTRACT(self) -> AnyContract: ...  # noqa: N802 - a module's constant

    @property
    def OPTIONS(self) -> frozenset[str]: ...  # noqa: N802

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
