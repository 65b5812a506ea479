"""Takes answered rows at once and keeps them a little later, in a thread of its own.

Handing over is one list append. A disk that is full, or a file that another holds, costs kept rows,
which are counted, and never a prediction.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from models._contract import AnyContract
from monitoring.kept import Caps, Kept, Line
from monitoring.kinds import private_fields
from monitoring.reference import Reference

log = structlog.get_logger()

PAUSE_SECONDS = 1.0
# Of rows that wait: what is above is not kept.
MOST_WAITING = 65_536
# Writing a row holds the interpreter for microseconds: others wait for so many at most.
SLICE = 512
PRUNE_SECONDS = 60.0
TELL_SECONDS = 60.0


@dataclass(frozen=True)
class Kind:
    """What of one model's rows is kept, and how."""

    model: str
    version: str
    field: str
    threshold: float
    private: frozenset[str]

    @classmethod
    def of(cls, contract: AnyContract, version: str, reference: Reference) -> "Kind":
        """As the contract and the artifact say."""
        score = reference.score
        private = private_fields(contract.ROW)
        return cls(contract.NAME, version, score.field, score.threshold, private)


@dataclass(frozen=True)
class Told:
    """One request's rows and answers; the rows' number counts what waits."""

    at: float
    kind: Kind
    request_id: str
    rows: Sequence[Any]
    predictions: Sequence[Any]

    def lines(self) -> Iterator[Line]:
        """For the file."""
        kind = self.kind
        for number, (row, answer) in enumerate(zip(self.rows, self.predictions, strict=True)):
            score = float(getattr(answer, kind.field))
            fields = row.model_dump_json(exclude=kind.private)
            decided = score >= kind.threshold
            yield (
                self.at, kind.model, kind.version, self.request_id, number, score, decided, fields
            )  # fmt: skip


class Keeper:
    """One worker's writer.

    Args:
        file: Shared by the workers.
        caps: Of the file.
        count: Told how many rows of which model were kept, and how many lost.
        idle: Called once a pause, in the same thread, with the open file; what it does may take
            long.
    """

    def __init__(
        self,
        file: Path,
        caps: Caps,
        count: Callable[[str, int, int], None],
        idle: Callable[[Kept], None] = lambda _: None,
    ) -> None:
        self._file, self._caps, self._count, self._idle = file, caps, count, idle
        self._waiting: list[Told] = []
        self._rows = 0
        self._kept: Kept | None = None
        self._working = threading.Lock()
        self._stopped = threading.Event()
        self._pruned = self._told = -TELL_SECONDS
        self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)
        self._thread.start()

    def add(
        self, kind: Kind, request_id: str, rows: Sequence[Any], predictions: Sequence[Any]
    ) -> None:
        """Take one request's rows."""
        if self._rows >= MOST_WAITING:
            self._count(kind.model, 0, len(rows))
            return
        self._rows += len(rows)
        self._waiting.append(Told(time.time(), kind, request_id, rows, predictions))

    def learn(self, model: str, told: Sequence[tuple[str, int, bool]]) -> list[str]:
        """Add outcomes; see `Kept.learn`. What waits is written first, so that it is known.

        Raises:
            sqlite3.Error, OSError: it could not be done; the same may be asked again.
        """
        with self._working:
            self._flush()
            return self._open().learn(model, told, time.time())

    def flush(self) -> None:
        """Write what waits now."""
        with self._working:
            self._flush()

    def stop(self) -> None:
        """Write what waits, and let go of the file."""
        self._stopped.set()
        self._thread.join()
        with self._working:
            self._flush()
            self._close()

    def _work(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            with self._working:
                self._flush()
                self._care()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._rows = 0
        for told in _slices(waiting):
            self._write(told)

    def _write(self, told: Sequence[Told]) -> None:
        kept = True
        try:
            self._open().write(line for each in told for line in each.lines())
        except Exception as error:
            kept = False
            self._fail(error)
        for each in told:
            rows = len(each.rows)
            self._count(each.kind.model, rows if kept else 0, 0 if kept else rows)

    def _care(self) -> None:
        """Keep the file small once a minute, and let others look at it."""
        try:
            now = time.monotonic()
            if now - self._pruned >= PRUNE_SECONDS:
                self._pruned = now
                self._open().prune(time.time())
            self._idle(self._open())
        except Exception as error:
            self._fail(error)

    def _open(self) -> Kept:
        if self._kept is None:
            self._kept = Kept(self._file, self._caps)
        return self._kept

    def _close(self) -> None:
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def _fail(self, error: Exception) -> None:
        """Tell once a minute at most, and try a new connection next time."""
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            log.error("predictions_not_kept", error=f"{type(error).__name__}: {error}")
        if isinstance(error, (sqlite3.Error, OSError)):
            self._close()


def _slices(waiting: Sequence[Told]) -> Iterator[list[Told]]:
    """Requests together, up to about `SLICE` rows a transaction."""
    part: list[Told] = []
    rows = 0
    for each in waiting:
        part.append(each)
        rows += len(each.rows)
        if rows >= SLICE:
            yield part
            part, rows = [], 0
    if part:
        yield part
