"""Who says what is right: the estimator, called in process."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Self

from benchmarks.environment import ROOT
from benchmarks.peer import MODELS, TABENTO, Peer
from benchmarks.questions import SIZES, Questions
from benchmarks.server import ONE_THREAD

# As for the golden rows: another way to add may round differently, a wrong answer is far off.
TOLERANCE = 1e-9


class WrongAnswerError(RuntimeError):
    """A peer answered, but not as the estimator does; the text says where."""


@dataclass(frozen=True)
class Judge:
    """Right answers by model and mix, and how long the estimator took for them."""

    answers: dict[str, dict[str, list[Any]]]
    times: dict[str, dict[str, dict[str, float]]]

    @classmethod
    def ask(cls, env: dict[str, str]) -> Self:
        """Let the in-process peer answer everything; `env` says where the artifacts are."""
        files = {
            model: {mix: str(Questions(model, mix).bodies(TABENTO)) for mix in SIZES}
            for model in MODELS
        }
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.peers.in_process.app"],
            input=json.dumps(files),
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={**os.environ, **env, **ONE_THREAD},
        )
        return cls(**json.loads(done.stdout))

    def right(self, peer: Peer, questions: Questions, number: int, answer: str | bytes) -> bool:
        """Compare what a peer answered to the request of this number; a limit has no answers."""
        if peer.limit:
            return True
        expected = self.answers[questions.model][questions.mix][number % questions.count]
        try:
            return same(expected, peer.predictions(json.loads(answer)))
        except (ValueError, KeyError, TypeError, IndexError):
            return False


def same(expected: Any, found: Any) -> bool:
    """Compare two JSON values: numbers to within `TOLERANCE`, all else exactly."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            same(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(map(same, expected, found))
    if isinstance(expected, float) and isinstance(found, int | float):
        return abs(expected - found) <= TOLERANCE
    return bool(expected == found)
