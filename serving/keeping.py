"""From settings and artifacts to what keeps predictions, and what takes their outcomes."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from models._contract import AnyContract
from monitoring.feedback import RESULTS, Outcomes, Taken
from monitoring.keeper import Keeper, Kind
from monitoring.kept import Caps, Kept
from monitoring.metrics import Metrics
from monitoring.quality import quality
from monitoring.reference import Reference
from serving.artifact import Artifact
from serving.errors import ApiError

log = structlog.get_logger()

# The outcomes that the live figures are of, and how often they are looked at.
LAST = 2_000
JUDGE_SECONDS = 10.0

NOT_KEPT = (
    "No predictions are kept here, so outcomes say nothing: the operator names a file with "
    "TABENTO_PREDICTIONS_FILE."
)


class Keeping:
    """Keeps what one worker answers, if a file is named, and judges it by its outcomes.

    Args:
        file: None keeps nothing.
        caps: Of the file.
        metrics: Where it is told.
    """

    def __init__(self, file: Path | None, caps: Caps, metrics: Metrics) -> None:
        self._series = metrics.truth
        self._references: dict[Kind, Reference] = {}
        self._changes = -1
        self._judged = -JUDGE_SECONDS
        self._keeper = (
            Keeper(file, caps, self._series.kept, self._judge) if file is not None else None
        )

    def of(self, contract: AnyContract, artifact: Artifact) -> Callable[..., None] | None:
        """Make what takes a model's request id, rows and predictions; None where nothing does."""
        if self._keeper is None or artifact.reference is None:
            return None
        kind = Kind.of(contract, artifact.version, artifact.reference)
        self._references[kind] = artifact.reference
        add = self._keeper.add

        def keep(request_id: str, rows: Sequence[Any], predictions: Sequence[Any]) -> None:
            add(kind, request_id, rows, predictions)

        return keep

    async def learn(self, model: str, outcomes: Outcomes) -> Taken:
        """Take outcomes, off the event loop.

        Raises:
            ApiError: 404 where nothing is kept, 503 where the file can not be written to.
        """
        if self._keeper is None:
            raise ApiError(404, NOT_KEPT, "predictions_not_kept")
        told = [(each.request_id, each.row, each.outcome) for each in outcomes.outcomes]
        try:
            results = await asyncio.to_thread(self._keeper.learn, model, told)
        except (sqlite3.Error, OSError) as error:
            log.exception("feedback_not_kept", model=model)
            msg = "The outcomes can not be written now; send the same again later."
            raise ApiError(503, msg, "feedback_not_kept", headers={"Retry-After": "60"}) from error
        counts = Counter(results)
        for result, count in counts.items():
            self._series.told(model, result, count)
        return Taken(**{result: counts[result] for result in RESULTS})

    def stop(self) -> None:
        """Write what waits."""
        if self._keeper is not None:
            self._keeper.stop()

    def _judge(self, kept: Kept) -> None:
        """Tell Prometheus, where an outcome came since the last time. In the keeper's thread."""
        now = time.monotonic()
        if now - self._judged < JUDGE_SECONDS:
            return
        self._judged = now
        changes = kept.changes()
        if changes != self._changes:
            self._changes = changes
            _judge(kept, dict(self._references), self._series.judged)


def _judge(kept: Kept, references: Mapping[Kind, Reference], tell: Callable[..., None]) -> None:
    for kind, reference in references.items():
        last = kept.recent(kind.model, kind.version, LAST)
        found = quality(reference.score, last.scores, last.positive)
        if found is not None:
            tell(kind.model, kind.version, found)
