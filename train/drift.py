"""How new rows differ from those that the stored model learned: the report that serving gives."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from monitoring.drift import Drift, report
from monitoring.tally import Tally
from monitoring.windows import Seen
from train.challenge import Champion
from train.part import Part

MOST_ROWS = 5_000
"""Enough for a verdict on every field, and quick for a file of a million rows."""


def drift(champion: Champion, part: Part, seed: int) -> Drift | None:
    """Compare new rows, drawn by their weights, with the reference in the stored artifact.

    None where the stored model can not be asked or its reference is of an older form.
    """
    if champion.artifact is None or champion.artifact.reference is None:
        return None
    reference = champion.artifact.reference
    rows = _drawn(part, seed)
    answers = champion.artifact.runner.predict(rows)
    scores = np.array([getattr(answer, reference.score.field) for answer in answers])
    now = datetime.now(UTC)
    counts = Tally(reference).count(rows, scores)
    return report(reference, Seen(window="start", since=now, until=now, counts=counts))


def _drawn(part: Part, seed: int) -> list[Any]:
    """Each row at most once, as likely as it weighs: a row that comes twice looks like drift."""
    rng = np.random.default_rng(seed)
    kept = np.flatnonzero(rng.random(len(part)) < part.weights / part.weights.max())
    return [part.rows[row] for row in rng.permutation(kept)[:MOST_ROWS].tolist()]
