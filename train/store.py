"""Into the model store: a trained model with its evidence, as a server will read it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import bentoml

from monitoring import reference as references
from serving import artifact
from serving.artifact import ArtifactError
from serving.manifest import Golden
from serving.runner import Runner
from train import card, learned
from train.evaluate import scores
from train.evidence import evidence
from train.golden import golden_rows
from train.latest import point_latest
from train.part import Floats
from train.picture import pictures
from train.recipe import Outcome
from train.reference import reference
from train.reproducible import Reproducible
from train.revision import lock_sha256, revision
from train.verdict import Verdict


def save(
    outcome: Outcome,
    verdict: Verdict,
    started: datetime,
    seconds: float,
    run_id: str | None = None,
) -> str:
    """Write the artifact, read it back as a server would, and return its tag.

    A model that failed its gate is labelled so, and `latest` stays with the newest that passed.
    `run_id` is that of the experiment tracker.

    Raises:
        ArtifactError: it does not load or answer as it did; then it is removed again.
    """
    runner = replace(outcome.runner, estimator=Reproducible(outcome.runner.estimator))
    found = scores(runner, outcome.score, outcome.parts["test"])
    tag = artifact.write(
        runner,
        _golden(runner, outcome, found),
        _evidence(outcome, verdict, started, found),
        _facts(outcome, verdict)
        | {"trained_at": started, "train_seconds": round(seconds, 3), "run_id": run_id},
    )
    try:
        artifact.read(outcome.runner.contract, bentoml.models.get(tag))
    except ArtifactError:
        bentoml.models.delete(tag)
        raise
    finally:
        point_latest(outcome.runner.contract.NAME)
    return tag


def _golden(runner: Runner, outcome: Outcome, scores: Floats) -> Golden:
    rows = golden_rows(runner.contract.EXAMPLE, outcome.parts["test"], scores)
    return artifact.golden_of(runner, rows)


def _evidence(
    outcome: Outcome, verdict: Verdict, started: datetime, scores: Floats
) -> dict[str, bytes]:
    page = card.of(outcome, verdict, started, pictures(outcome, verdict, scores))
    return {
        references.FILE: reference(outcome, scores).model_dump_json(indent=1).encode(),
        learned.FILE: learned.written(*(outcome.learned or [outcome.parts["train"]])),
        "evaluation.json": evidence(outcome, verdict),
        "card.md": card.markdown(page).encode(),
        "card.html": card.html(page).encode(),
    }


def _facts(outcome: Outcome, verdict: Verdict) -> dict[str, Any]:
    return {
        "data": outcome.data,
        "metrics": verdict.metrics,
        "gate": "passed" if verdict.passed else "failed",
        "git_revision": revision(),
        "lock_sha256": lock_sha256(),
    }
