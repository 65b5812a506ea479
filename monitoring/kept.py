"""Predictions that were kept, and what came of them: one SQLite file, shared by all workers.

Both tables are only ever added to, until the file is too large or its rows too old: then the oldest
go. An outcome that is corrected is a second line, and the last one counts.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitoring.reference import Bools, Floats

# Another worker's transaction takes milliseconds; a backup may take longer.
PATIENCE_SECONDS = 5.0
DAY = 86_400.0
# The part that goes when the file is full, so that it is not full again at once.
ROOM = 0.05

SCHEMA = """
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS predictions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,             -- seconds since 1970
    model TEXT NOT NULL,
    version TEXT NOT NULL,
    request_id TEXT NOT NULL,
    row INTEGER NOT NULL,         -- its number in the request, from 0
    score REAL NOT NULL,          -- probability of the positive outcome
    positive INTEGER NOT NULL,    -- 1 where the decision was positive
    fields TEXT NOT NULL          -- JSON, without the private ones
);
CREATE INDEX IF NOT EXISTS predictions_asked ON predictions (request_id, row, model);
CREATE INDEX IF NOT EXISTS predictions_time ON predictions (model, at);
CREATE TABLE IF NOT EXISTS outcomes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at REAL NOT NULL,             -- when it was told
    prediction INTEGER NOT NULL,
    positive INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS outcomes_prediction ON outcomes (prediction, id);
"""
_LATEST = """
    SELECT p.at, p.score, p.positive, o.positive
    FROM predictions p JOIN outcomes o ON o.id = (
        SELECT max(id) FROM outcomes WHERE prediction = p.id)
"""

Line = tuple[float, str, str, str, int, float, bool, str]


@dataclass(frozen=True)
class Caps:
    """How large the file may grow, and how old what is in it."""

    size: int
    days: float


@dataclass(frozen=True, eq=False)
class Judged:
    """Predictions whose outcome is known, oldest first; one number a row."""

    at: Floats
    scores: Floats
    decided: Bools
    positive: Bools

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True, eq=False)
class Period:
    """Predictions between two times, oldest first: `fields` are JSON, `versions` have counts."""

    at: Floats
    scores: Floats
    requests: int
    fields: list[str]


class Kept:
    """One connection to the file; each thread has its own.

    Args:
        file: It is made if there is none, readable by its owner only.
        caps: None where nothing is to be written.

    Raises:
        sqlite3.Error, OSError: the file can not be opened.
    """

    def __init__(self, file: Path, caps: Caps | None = None) -> None:
        self._caps = caps
        if caps is None:
            where = f"{file.resolve().as_uri()}?mode=ro"
            self._db = sqlite3.connect(where, uri=True, isolation_level=None)
            return
        file.touch(mode=0o600, exist_ok=True)
        self._db = sqlite3.connect(
            file, PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._db.executescript(SCHEMA)
            # What is lost in a power cut is the last moments, never the file.
            self._db.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error:
            self._db.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def write(self, lines: Iterable[Line]) -> None:
        """Add predictions, all or none.

        Raises:
            sqlite3.Error: it could not be done.
        """
        with self._transaction():
            self._db.executemany(
                "INSERT INTO predictions (at, model, version, request_id, row, score, positive,"
                " fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                lines,
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def learn(self, model: str, told: Sequence[tuple[str, int, bool]], now: float) -> list[str]:
        """Add outcomes, as request id, row number and outcome; say for each what it was.

        `accepted`; `repeated`: known already, and nothing is added; `changed`: another one was
        known; `unknown`: there is no such prediction. Of an id used twice the last is meant.

        Raises:
            sqlite3.Error: it could not be done, and nothing was.
        """
        with self._transaction():
            return [self._learn(model, each, now) for each in told]

    def _learn(self, model: str, told: tuple[str, int, bool], now: float) -> str:
        request_id, row, positive = told
        found = self._db.execute(
            "SELECT id, (SELECT positive FROM outcomes WHERE prediction = p.id"
            " ORDER BY id DESC LIMIT 1) FROM predictions p"
            " WHERE request_id = ? AND row = ? AND model = ? ORDER BY id DESC LIMIT 1",
            (request_id, row, model),
        ).fetchone()
        if found is None:
            return "unknown"
        prediction, known = found
        if known is not None and bool(known) == positive:
            return "repeated"
        self._db.execute(
            "INSERT INTO outcomes (at, prediction, positive) VALUES (?, ?, ?)",
            (now, prediction, positive),
        )
        return "accepted" if known is None else "changed"

    def prune(self, now: float) -> int:
        """Drop what is too old, and the oldest while the file is too large; say how many rows.

        Raises:
            sqlite3.Error: it could not be done.
        """
        if self._caps is None:
            return 0
        dropped = self._drop("at < ?", now - self._caps.days * DAY)
        while self._size() > self._caps.size:
            first, last = self._db.execute("SELECT min(id), max(id) FROM predictions").fetchone()
            if last is None:
                break
            dropped += self._drop("id <= ?", first + int((last - first) * ROOM))
        if dropped:
            # The pages are given back one by one: the statement has to be read to its end.
            self._db.execute("PRAGMA incremental_vacuum").fetchall()
        return dropped

    def _drop(self, which: str, limit: float) -> int:
        old = f"SELECT id FROM predictions WHERE {which}"  # noqa: S608 - ours, see `prune`
        with self._transaction():
            self._db.execute(f"DELETE FROM outcomes WHERE prediction IN ({old})", (limit,))  # noqa: S608 - ours
            return self._db.execute(f"DELETE FROM predictions WHERE {which}", (limit,)).rowcount  # noqa: S608 - ours

    def _size(self) -> int:
        def number(pragma: str) -> int:
            return int(self._db.execute(f"PRAGMA {pragma}").fetchone()[0])

        return (number("page_count") - number("freelist_count")) * number("page_size")

    def changes(self) -> int:
        """A number that grows with every outcome."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM outcomes").fetchone()[0])

    def recent(self, model: str, version: str, most: int) -> Judged:
        """The last predictions of a version whose outcome is known."""
        found = self._db.execute(
            f"{_LATEST} WHERE p.model = ? AND p.version = ? ORDER BY p.at DESC, p.id DESC LIMIT ?",
            (model, version, most),
        ).fetchall()
        return _judged(found[::-1])

    def judged(self, model: str, version: str, since: float, until: float) -> Judged:
        """Predictions from `since` to before `until` whose outcome is known by now."""
        found = self._db.execute(
            f"{_LATEST} WHERE p.model = ? AND p.version = ? AND p.at >= ? AND p.at < ?"
            " ORDER BY p.at, p.id",
            (model, version, since, until),
        ).fetchall()
        return _judged(found)

    def period(self, model: str, version: str, since: float, until: float) -> Period:
        """All predictions from `since` to before `until`."""
        found = self._db.execute(
            "SELECT at, score, request_id, fields FROM predictions"
            " WHERE model = ? AND version = ? AND at >= ? AND at < ? ORDER BY at, id",
            (model, version, since, until),
        ).fetchall()
        return Period(
            np.array([each[0] for each in found], float),
            np.array([each[1] for each in found], float),
            len({each[2] for each in found}),
            [each[3] for each in found],
        )

    def versions(self, model: str, since: float, until: float) -> dict[str, int]:
        """How many predictions each version made in a period, the one used last first."""
        found = self._db.execute(
            "SELECT version, count(*) FROM predictions WHERE model = ? AND at >= ? AND at < ?"
            " GROUP BY version ORDER BY max(at) DESC",
            (model, since, until),
        )
        return dict(found.fetchall())


def _judged(found: Sequence[tuple[float, float, int, int]]) -> Judged:
    table = np.array(found, float).reshape(-1, 4)
    return Judged(table[:, 0], table[:, 1], table[:, 2] > 0, table[:, 3] > 0)
