"""One loaded model: rows to features, estimator, predictions. Training evaluates through it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models._contract import AnyContract, Policy, Probabilities
from serving.estimator import Estimator

# How far from 1 the two probabilities of a row may add up.
ROUNDING = 1e-6
# Models hold the interpreter while they work, in whatever thread. Of more rows than these it is
# let go in between, so that the event loop gets its turns.
AT_ONCE = 512


class BadOutputError(RuntimeError):
    """The estimator's answer is no probability, or there is not one for each row."""

    # It tells shapes and what came out, nothing of what went in.
    harmless = True


@dataclass(frozen=True)
class Runner:
    """A contract, a fitted estimator and the policy it is served with."""

    contract: AnyContract
    estimator: Estimator
    policy: Policy

    def probabilities(self, rows: Sequence[Any]) -> Probabilities:
        """Give the probabilities of both classes, shape (rows, 2).

        Raises:
            BadOutputError: not one finite pair in [0, 1] with sum 1 for each row.
        """
        probabilities = self.estimator.predict_proba(self.contract.features(rows))
        _check(probabilities, len(rows), self.contract.NAME)
        return probabilities

    def predict(self, rows: Sequence[Any]) -> list[Any]:
        """Give one prediction a row, in order.

        Raises:
            BadOutputError: as `probabilities`, or not one prediction a row.
        """
        if len(rows) <= AT_ONCE:
            return self._predict(rows)
        starts = range(0, len(rows), AT_ONCE)
        return [each for start in starts for each in self._predict(rows[start : start + AT_ONCE])]

    def _predict(self, rows: Sequence[Any]) -> list[Any]:
        made = self.contract.predictions(rows, self.probabilities(rows), self.policy)
        if len(made) != len(rows):
            # Requests share a batch: one too few, and each gets its neighbour's answer.
            msg = f"{self.contract.NAME}: {len(made)} predictions for {len(rows)} rows"
            raise BadOutputError(msg)
        return made


def _check(probabilities: Probabilities, rows: int, name: str) -> None:
    if probabilities.shape != (rows, 2):
        msg = f"{name}: expected probabilities of shape ({rows}, 2), found {probabilities.shape}"
        raise BadOutputError(msg)
    total = probabilities.sum(axis=1)
    # NaN fails every comparison, so it needs no look of its own.
    if not (
        probabilities.min() >= 0 and total.min() >= 1 - ROUNDING and total.max() <= 1 + ROUNDING
    ):
        msg = (
            f"{name}: the estimator gave something that is no probability: {_worst(probabilities)}"
        )
        raise BadOutputError(msg)


def _worst(probabilities: Probabilities) -> list[float]:
    right = (probabilities >= 0).all(axis=1) & (abs(probabilities.sum(axis=1) - 1) <= ROUNDING)
    pair: list[float] = probabilities[int(np.argmin(right))].tolist()
    return pair
