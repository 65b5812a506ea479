"""How new rows differ from those that the stored model learned: the report that serving gives."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bentoml
import numpy as np
from pydantic import ValidationError

from monitoring.drift import Drift, report
from monitoring.reference import Reference
from monitoring.tally import Tally
from monitoring.windows import Seen
from train.challenge import Champion
from train.part import Part

FILE = "reference.json"
MOST_ROWS = 5_000
"""Enough for a verdict on every field, and quick for a file of a million rows."""


def drift(champion: Champion, part: Part, seed: int) -> Drift | None:
    """Compare new rows, drawn by their weights, with the reference in the stored artifact.

    None where the stored model can not be asked or its reference is of an older form.
    """
    reference = _reference(champion.tag)
    if reference is None or champion.artifact is None:
        return None
    rows = _drawn(part, seed)
    answers = champion.artifact.runner.predict(rows)
    scores = np.array([getattr(answer, reference.score.field) for answer in answers])
    now = datetime.now(UTC)
    counts = Tally(reference).count(rows, scores)
    return report(reference, Seen(window="start", since=now, until=now, counts=counts))


def _reference(tag: str) -> Reference | None:
    file = Path(bentoml.models.get(tag).path) / FILE
    try:
        return Reference.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def _drawn(part: Part, seed: int) -> list[Any]:
    """Each row at most once, as likely as it weighs: a row that comes twice looks like drift."""
    rng = np.random.default_rng(seed)
    kept = np.flatnonzero(rng.random(len(part)) < part.weights / part.weights.max())
    return [part.rows[row] for row in rng.permutation(kept)[:MOST_ROWS].tolist()]
