"""Counts by time, of all workers: the last hour, the last day, and since the service started.

Each worker adds to a table of its own, a mapped file in the directory that the workers share; who
is asked reads them all. Nothing is sent and nobody is waited for. A worker holds a lock on its
table as long as it lives, so a new one takes over the table of one that died: its counts stay until
they leave the window, and there are never more tables than there were workers at once.

A table has 61 + 97 + 1 lines of 8 bytes a cell, whatever the traffic: for thirty numbers 0.5 MB.
"""

import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal, get_args

import numpy as np
import structlog

from monitoring.layout import Counts

log = structlog.get_logger()

Window = Literal["hour", "day", "start"]
WINDOWS: tuple[Window, ...] = get_args(Window)

SUFFIX = ".counts"
MOST_WORKERS = 1_024


@dataclass(frozen=True)
class Span:
    """A ring of lines, each for so many seconds; the one being written is the last of `lines`."""

    first: int
    seconds: int
    lines: int


HOUR = Span(first=0, seconds=60, lines=61)
DAY = Span(first=61, seconds=900, lines=97)
START = 61 + 97
LINES = START + 1
SPANS: dict[Window, Span] = {"hour": HOUR, "day": DAY}


@dataclass(frozen=True, eq=False)
class Seen:
    """What was counted in a window. `since` is None where nothing was."""

    window: Window
    since: datetime | None
    until: datetime
    counts: Counts


class Windows:
    """One worker's table, and a view on those of all.

    Args:
        cells: How long the counts are.
        directory: Shared by the workers; None where there is but one process.
        name: The same for all who count the same: the model and a fingerprint of its reference.
    """

    def __init__(self, cells: int, directory: Path | None, name: str) -> None:
        self._shape = (LINES, cells + 1)
        self._directory = directory
        self._name = name
        self._table = np.zeros(self._shape, np.int64)
        if directory is not None:
            self._share(directory)

    def _share(self, directory: Path) -> None:
        try:
            # The lock stays when the file is closed: what is mapped holds the file open.
            with _claim(directory / self._name) as file:
                _fill(file, self._table.nbytes)
                self._table = np.memmap(file, np.int64, "r+", shape=self._shape)
        except OSError as error:
            # A full disk costs the view over all workers, and no more.
            log.warning("drift_counts_not_shared", counts=self._name, error=str(error))
            self._directory = None

    def add(self, counts: Counts, now: float) -> None:
        """Count what came at `now`, in seconds since 1970."""
        for span in SPANS.values():
            number = int(now // span.seconds)
            self._add(span.first + number % span.lines, number, counts)
        started = min(int(self._table[START, 0]) or int(now), int(now))
        self._table[START, 0] = started
        self._add(START, started, counts)

    def _add(self, line: int, number: int, counts: Counts) -> None:
        """The first cell says which time the line is for, and is written last: 0 is none."""
        cells = self._table[line]
        if cells[0] != number:
            cells[:] = 0
        cells[1:] += counts
        cells[0] = number

    def seen(self, window: Window, now: float) -> Seen:
        """Add up what all workers counted in a window that ends at `now`."""
        total, starts = np.zeros(self._shape[1] - 1, np.int64), []
        for table in self._tables():
            lines, seconds = _lines(table, window, now)
            total += lines[:, 1:].sum(axis=0)
            starts += (lines[:, 0] * seconds).tolist()
        since = datetime.fromtimestamp(min(starts), UTC) if starts else None
        return Seen(window, since, datetime.fromtimestamp(now, UTC), total)

    def _tables(self) -> Iterator[Counts]:
        if self._directory is None:
            yield self._table
            return
        for file in self._directory.glob(f"{self._name}.*{SUFFIX}"):
            content = np.fromfile(file, np.int64)
            # One that is just being made is too short.
            if content.nbytes == self._table.nbytes:
                yield content.reshape(self._shape)


def _lines(table: Counts, window: Window, now: float) -> tuple[Counts, int]:
    """The lines of a window, and how many seconds their numbers stand for."""
    if window == "start":
        lines = table[START:]
        return lines[lines[:, 0] > 0], 1
    span = SPANS[window]
    lines = table[span.first : span.first + span.lines]
    age = int(now // span.seconds) - lines[:, 0]
    return lines[(age >= 0) & (age < span.lines)], span.seconds


def _claim(stem: Path) -> IO[bytes]:
    """Open and lock the first table that no living worker holds.

    Raises:
        OSError: the directory may not be written to, or all tables are held.
    """
    for number in range(MOST_WORKERS):
        file = stem.with_name(f"{stem.name}.{number}{SUFFIX}").open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        return file
    msg = f"{MOST_WORKERS} tables are held already"
    raise OSError(msg)


def _fill(file: IO[bytes], size: int) -> None:
    """Write zeros and not only lengthen: a mapped page without a disk behind it kills the process.

    Raises:
        OSError: the disk is full.
    """
    if file.seek(0, 2) != size:
        file.truncate(0)
        file.write(bytes(size))
        file.flush()
