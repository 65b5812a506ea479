"""What watching costs: `python -m benchmarks.drift` prints microseconds of this thread, per row.

In process and on one core. Rows come fresh from JSON in every round, as they do in the service, and
what is shared is shared as with several workers: mapped files for the windows and for Prometheus.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry
from pydantic import TypeAdapter

from benchmarks.clock import microseconds, spent, timed
from benchmarks.table import number, table
from clients.rows import rows as made_up
from models import breast_cancer, loan_default, sentiment
from models._contract import AnyContract, Policy
from monitoring.profile import Scored, build
from monitoring.reference import Reference
from monitoring.series import DriftSeries, drift_families
from monitoring.watch import CHUNK, Watch

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
LEARNED = 2_000
REQUEST = 512
SCORES = {
    "breast_cancer": "malignant_probability",
    "loan_default": "default_probability",
    "sentiment": "positive_probability",
}
HEAD = (
    "model",
    "hand over 1 row",
    f"hand over {REQUEST}, per row",
    f"count {CHUNK}, per row",
    "all, rows alone",
    f"all, {REQUEST} at once",
    "flush, a second",
    "quiet second, 1 row",
    "report",
)

Answered = tuple[list[Any], list[Any]]


@dataclass
class Bench:
    """One model, with rows that were never counted before."""

    contract: AnyContract
    directory: Path

    def __post_init__(self) -> None:
        self._adapter: TypeAdapter[list[Any]] = TypeAdapter(list[self.contract.ROW])  # type: ignore[name-defined]
        self._bodies = self._endless()
        rows, _ = self.answered(LEARNED)
        scores = np.random.default_rng(0).beta(2, 8, 500)
        self.reference = build(self.contract, rows, Scored(SCORES[self.contract.NAME], scores, 0.5))
        self.work: list[Callable[[], None]] = []
        self.watch = self._watch(self.reference)

    def _endless(self) -> Iterator[bytes]:
        found = [*islice(made_up(self.contract, wild=0.3), LEARNED)]
        bodies = [TypeAdapter(Any).dump_json(row) for row in found]
        while True:
            yield from bodies

    def _watch(self, reference: Reference) -> Watch:
        series = DriftSeries(
            drift_families(CollectorRegistry()), self.contract.NAME, "1", reference
        )
        return Watch(
            self.contract.NAME, reference, series, directory=self.directory, soon=self.work.append
        )

    def answered(self, n: int) -> Answered:
        """Rows as the front reads them, with answers."""
        body = b"[" + b",".join(islice(self._bodies, n)) + b"]"
        rows = self._adapter.validate_json(body)
        positive = np.random.default_rng(n).random(n)
        probabilities = np.column_stack([1 - positive, positive])
        return rows, self.contract.predictions(rows, probabilities, Policy())

    def take(self) -> None:
        """Do what the event loop would do later."""
        while self.work:
            self.work.pop()()

    def row(self) -> list[str]:
        """Measure all, in the order of `HEAD`."""
        measured = (
            self.hand_over(1, CHUNK - 1),
            self.hand_over(REQUEST, 1),
            self.count(),
            self.all(1, CHUNK),
            self.all(REQUEST, 1),
            self.flush(),
            self.quiet(),
            timed(lambda: self.watch.report("day")),
        )
        return [self.contract.NAME, *map(number, measured)]

    def hand_over(self, rows: int, times: int) -> float:
        """To take requests of so many rows."""

        def once() -> float:
            requests = [self.answered(rows) for _ in range(times)]
            seconds = spent(lambda: self._hand_over(requests))
            self.take()
            self.watch.flush()
            return seconds / rows / times

        return microseconds(once)

    def count(self) -> float:
        """To count what waits."""

        def once() -> float:
            # Kept, because who asked would free them otherwise: that is no cost of counting.
            kept = self.answered(CHUNK)
            self.watch.add(*kept)
            return spent(self.take) / CHUNK

        return microseconds(once)

    def all(self, rows: int, times: int) -> float:
        """All that a row costs until it is where everybody sees it, flushed once in 4,096 rows."""

        def once() -> float:
            seconds = 0.0
            for _ in range(4_096 // rows // times):
                requests = [self.answered(rows) for _ in range(times)]
                seconds += spent(lambda: self._take_all(requests))  # noqa: B023 - called at once
            return (seconds + spent(self.watch.flush)) / 4_096

        return microseconds(once, rounds=6)

    def _hand_over(self, requests: list[Answered]) -> None:
        for request in requests:
            self.watch.add(*request)

    def _take_all(self, requests: list[Answered]) -> None:
        self._hand_over(requests)
        self.take()

    def flush(self) -> float:
        """To bring a busy second's counts to the windows and to Prometheus."""

        def once() -> float:
            for _ in range(8):
                self.watch.add(*self.answered(CHUNK))
                self.take()
            return spent(self.watch.flush)

        return microseconds(once, rounds=20)

    def quiet(self) -> float:
        """A second with one row: to count it, and to bring it there."""

        def once() -> float:
            self.watch.add(*self.answered(1))
            return spent(self.watch.flush)

        return microseconds(once)


def main() -> None:
    """Measure every model and print one table."""
    if DIRECTORY not in os.environ:
        # prometheus_client looks for it while it is imported, so once more from the start.
        with tempfile.TemporaryDirectory() as shared:
            os.environ[DIRECTORY] = shared
            os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", "benchmarks.drift"])  # noqa: S606 # nosec B606
        return
    folder = Path(os.environ[DIRECTORY])
    benches = (Bench(contract, folder) for contract in (loan_default, breast_cancer, sentiment))
    sys.stdout.write(table(HEAD, [bench.row() for bench in benches]))


if __name__ == "__main__":
    main()
