"""Into the model store: a trained model with its evidence, and `latest` only when it passed."""

from dataclasses import replace
from datetime import datetime

import bentoml

from serving import artifact
from serving.artifact import ArtifactError
from train import card
from train.evaluate import scores
from train.golden import golden_rows
from train.latest import point_latest
from train.recipe import Outcome
from train.reference import reference
from train.reproducible import Reproducible
from train.revision import revision
from train.verdict import Verdict


def save(outcome: Outcome, verdict: Verdict, started: datetime, seconds: float) -> str:
    """Write the artifact, read it back as a server would, and return its tag.

    A model that failed its gate is labelled so, and `latest` stays with the newest one that passed.

    Raises:
        ArtifactError: it does not load or answer as it did; then it is removed again.
    """
    runner = replace(outcome.runner, estimator=Reproducible(outcome.runner.estimator))
    held_out = outcome.parts["test"]
    found = scores(runner, outcome.score, held_out)
    rows = golden_rows(runner.contract.EXAMPLE, held_out, found)
    facts = {
        "data": outcome.data,
        "metrics": verdict.metrics,
        "gate": "passed" if verdict.passed else "failed",
        "git_revision": revision(),
        "trained_at": started,
        "train_seconds": round(seconds, 3),
    }
    binned = reference(runner.contract.ROW, outcome.parts["train"], held_out, found, outcome.score)
    page = card.of(outcome, verdict, started)
    evidence = {
        "reference.json": binned,
        "card.md": card.markdown(page).encode(),
        "card.html": card.html(page).encode(),
    }
    tag = artifact.write(runner, artifact.golden_of(runner, rows), evidence, facts)
    _settle(outcome, tag)
    return tag


def _settle(outcome: Outcome, tag: str) -> None:
    name = outcome.runner.contract.NAME
    try:
        artifact.read(outcome.runner.contract, bentoml.models.get(tag))
    except ArtifactError:
        bentoml.models.delete(tag)
        raise
    finally:
        point_latest(name)
