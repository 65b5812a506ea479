"""A search for better settings that ends when its time is up."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import JsonValue

from models._contract import Strict
from train.progress import Progress

SECONDS = 60

Settings = dict[str, Any]
Choices = Mapping[str, tuple[Any, ...]]


class Tuning(Strict):
    """What was tried, by cross-validated Brier score on the training rows alone, and what won."""

    minutes: float
    tried: int
    first_brier: float
    best_brier: float
    chosen: dict[str, JsonValue]


@dataclass(frozen=True)
class Search:
    """What to choose from, beginning with the recipe's own settings, and for how long."""

    first: Settings
    choices: Choices
    minutes: float
    seed: int


def search(asked: Search, brier: Callable[[Settings], float], progress: Progress) -> Tuning:
    """Try the recipe's own settings, then others drawn at random, until no time is left.

    How many there is time for depends on the machine; which come first does not.
    """
    begun = time.monotonic()
    found: list[tuple[float, Settings]] = []
    for settings in _drawn(asked):
        found.append((brier(settings), settings))
        spent = (time.monotonic() - begun) / SECONDS
        best = min(each for each, _ in found)
        progress(
            f"tuning: {len(found)} tried, best Brier {best:.4f}", min(spent / asked.minutes, 1)
        )
        if spent >= asked.minutes:
            break
    best, chosen = min(found, key=lambda each: each[0])
    return Tuning(
        minutes=asked.minutes,
        tried=len(found),
        first_brier=found[0][0],
        best_brier=best,
        chosen=chosen,
    )


def _drawn(asked: Search) -> Iterator[Settings]:
    """All combinations in random order, each once; the first is the recipe's own."""
    yield asked.first
    rng = np.random.default_rng(asked.seed)
    names, values = list(asked.choices), list(asked.choices.values())
    shape = [len(each) for each in values]
    for number in rng.permutation(int(np.prod(shape))).tolist():
        places = np.unravel_index(number, shape)
        drawn = {
            name: each[int(place)] for name, each, place in zip(names, values, places, strict=True)
        }
        if drawn != asked.first:
            yield drawn
