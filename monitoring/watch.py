"""The live watch over one model: it is handed what was answered, and counts a little later.

Handing over costs two list appends. Rows are counted 512 at a time, and once a second whatever
waits, after the answers have left; a report asks all workers' counts.
"""

import time
from collections.abc import Callable, Sequence
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from monitoring.drift import Drift, report
from monitoring.layout import Counts
from monitoring.reference import Reference
from monitoring.series import DriftSeries
from monitoring.tally import Tally
from monitoring.windows import Window, Windows

log = structlog.get_logger()

# So many that what each chunk costs by itself is little, and so few that others wait 0.5 ms.
CHUNK = 512
# Rows above are not counted but told: what waits is memory.
MOST_WAITING = 65_536

Soon = Callable[[Callable[[], None]], object]


class Watch:
    """Counts what one worker answers for one model. All is called from one thread.

    Args:
        model: Its name.
        reference: From its artifact.
        series: Where Prometheus is told.
        directory: Shared by the workers; None where there is but one process.
        soon: Calls what it is given after the work at hand, as `loop.call_soon` does.
    """

    def __init__(
        self,
        model: str,
        reference: Reference,
        series: DriftSeries,
        *,
        directory: Path | None,
        soon: Soon,
    ) -> None:
        self._model = model
        self._reference = reference
        self._series = series
        self._soon = soon
        self._tally = Tally(reference)
        self._score = attrgetter(reference.score.field)
        fingerprint = sha256(reference.model_dump_json().encode()).hexdigest()[:12]
        cells = self._tally.layout.cells
        self._windows = Windows(cells, directory, f"drift-{model}-{fingerprint}")
        self._rows: list[Any] = []
        self._predictions: list[Any] = []
        self._missed = 0
        self._working = False
        self._pending = self._tally.missed(0)

    def add(self, rows: Sequence[Any], predictions: Sequence[Any]) -> None:
        """Take answered rows; they are kept until they are counted."""
        room = MOST_WAITING - len(self._rows)
        if len(rows) > room:
            self._missed += len(rows) - room
            rows, predictions = rows[:room], predictions[:room]
        self._rows += rows
        self._predictions += predictions
        if len(self._rows) >= CHUNK and not self._working:
            self._working = True
            self._soon(self._work)

    @property
    def waiting(self) -> bool:
        """Whether anything was handed over that no report shows yet."""
        return bool(self._rows) or bool(self._missed) or bool(self._pending.any())

    def flush(self, now: float | None = None) -> None:
        """Count what waits, a chunk at most, and bring all to where workers and Prometheus see it.

        Call it once a second. What waits beyond a chunk has its turn already.
        """
        self._count()
        self._pending += self._tally.missed(self._missed)
        self._missed = 0
        if not self._pending.any():
            return
        pending, self._pending = self._pending, self._tally.missed(0)
        self._windows.add(pending, time.time() if now is None else now)
        self._series.add(pending)

    def report(self, window: Window, now: float | None = None) -> Drift:
        """Compare a window of all workers with the reference."""
        self.flush(now)
        seen = self._windows.seen(window, time.time() if now is None else now)
        return report(self._reference, seen)

    def _work(self) -> None:
        """Count one chunk, and the next after whatever else has to be done."""
        self._count()
        self._working = len(self._rows) >= CHUNK
        if self._working:
            self._soon(self._work)

    def _count(self) -> None:
        rows, predictions = self._rows[:CHUNK], self._predictions[:CHUNK]
        del self._rows[:CHUNK], self._predictions[:CHUNK]
        if rows:
            self._pending += self._counted(rows, predictions)

    def _counted(self, rows: Sequence[Any], predictions: Sequence[Any]) -> Counts:
        try:
            scores = np.fromiter(map(self._score, predictions), np.float64, len(rows))
            return self._tally.count(rows, scores)
        except Exception:
            # Whatever is wrong here must not cost an answer.
            log.exception("drift_count_failed", model=self._model)
            return self._tally.missed(len(rows))
