"""Prometheus metrics of the requests and predictions, over all workers.

A metric that several processes share is a mapped file, and writing there costs ten times what
counting in Python does. So requests are counted here in plain numbers, and brought to Prometheus
once a second and before every scrape.
"""

import os
import time
from collections import Counter as Tally
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import prometheus_client
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from monitoring.distribution import Distribution
from monitoring.families import (
    ROWS,
    SECONDS,
    WAIT_SECONDS,
    Declaring,
    ModelFamilies,
    RequestFamilies,
    model_families,
    request_families,
    worker_families,
)
from monitoring.series import drift_families
from monitoring.truth_series import TruthSeries

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

# What alerts look for. A series that is there before the first of them shows that one as an
# increase; Prometheus sees none in a series that begins with it.
AWAITED_STATUSES = (200, 400, 500, 503, 504)
AWAITED_CODES = ("internal_error", "overloaded")


class ModelMetrics:
    """What one model's requests and runs are counted in.

    Every series of it is there, at zero, before its first request. What a golden check or a loaded
    model has to say can only be said afterwards.
    """

    def __init__(self, name: str, requests: RequestFamilies, models: ModelFamilies) -> None:
        self.in_flight = 0
        self.queue_rows = 0
        self.duration = _of(requests.duration, name, SECONDS)
        self.queue_wait = _of(models.queue_wait, name, WAIT_SECONDS)
        self._name = name
        self._models = models
        self._rows = 0
        self._batch_rows = _of(models.batch_rows, name, ROWS)
        self._batch_duration = _of(models.batch_duration, name, SECONDS)
        self._rows_child = models.rows.labels(name)
        self._gauges = (requests.in_flight.labels(name), models.queue_rows.labels(name))

    def ran(self, rows: int, seconds: float) -> None:
        """Count one run of the model."""
        self._rows += rows
        self._batch_rows.observe(rows)
        self._batch_duration.observe(seconds)

    def golden(self, seconds: float) -> None:
        """Say that it has just given its golden answers, and how long that took."""
        self._models.golden_check_at.labels(self._name).set(time.time())
        self._models.golden_check_duration.labels(self._name).set(seconds)

    def flush(self) -> None:
        """Bring all to Prometheus."""
        for gauge, value in zip(self._gauges, (self.in_flight, self.queue_rows), strict=True):
            gauge.set(value)
        self._rows_child.inc(self._rows)
        self._rows = 0
        for each in (self.duration, self.queue_wait, self._batch_rows, self._batch_duration):
            each.flush()


class Metrics:
    """All that one worker counts. It is made once a process, when that comes up."""

    def __init__(self, models: Sequence[str]) -> None:
        self._registry = CollectorRegistry()
        declare = Declaring(self._registry)
        self._requests = request_families(declare)
        self._workers = worker_families(declare)
        self._models = model_families(declare)
        self.models = {name: ModelMetrics(name, self._requests, self._models) for name in models}
        self.drift = drift_families(self._registry)
        self.truth = TruthSeries(self._registry, tuple(models))
        self._answered: Tally[tuple[str, int]] = Tally()
        self._rejected: Tally[tuple[str, str]] = Tally()
        self._by_key: Tally[tuple[str, int]] = Tally()
        self._await_requests()
        self._workers.process_start.set(time.time())
        self._workers.workers.set(1)
        self._workers.starts.inc()

    def _await_requests(self) -> None:
        for path in (f"/{name}/predict" for name in self.models):
            for status in AWAITED_STATUSES:
                self._requests.requests.labels(path, str(status))
            for code in AWAITED_CODES:
                self._requests.rejections.labels(path, code)

    def answered(self, path: str, status: int) -> None:
        """Count one answer. `path` is a route's, never the client's."""
        self._answered[path, status] += 1

    def rejected(self, path: str, code: str) -> None:
        """Count one answer that was an error."""
        self._rejected[path, code] += 1

    def answered_to(self, key: str, status: int) -> None:
        """Count one answer to somebody whose API key has this name."""
        self._by_key[key, status] += 1

    def loaded(self, model: str, version: str, sha256: str) -> None:
        """Say which version of a model is served."""
        self._models.info.labels(model, version, sha256).set(1)

    def unloaded(self, model: str, version: str, sha256: str) -> None:
        """Say that this worker serves it no more."""
        self._models.info.labels(model, version, sha256).set(0)

    def dropped(self, records: int) -> None:
        """Count log records that were lost."""
        self._workers.dropped_log_records.inc(records)

    def flush(self) -> None:
        """Bring all to Prometheus."""
        for (path, status), count in self._answered.items():
            self._requests.requests.labels(path, str(status)).inc(count)
        for (path, code), count in self._rejected.items():
            self._requests.rejections.labels(path, code).inc(count)
        for (key, status), count in self._by_key.items():
            self._requests.by_key.labels(key, str(status)).inc(count)
        self._answered.clear()
        self._rejected.clear()
        self._by_key.clear()
        for model in self.models.values():
            model.flush()

    def exposition(self) -> bytes:
        """Say what `/metrics` answers: of all workers, or of this process where it is alone."""
        self.flush()
        directory = shared_directory()
        if directory is None:
            return prometheus_client.generate_latest(self._registry)
        _forget_the_dead(directory)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(directory))
        return prometheus_client.generate_latest(registry)


def shared_directory() -> Path | None:
    """Where the workers of one service share what they count; None in a process that is alone.

    BentoML makes it anew for every service that starts.
    """
    directory = os.environ.get(DIRECTORY)
    return Path(directory) if directory else None


def _of(family: Histogram, model: str, bounds: Sequence[float]) -> Distribution:
    return Distribution(bounds, family.labels(model))


def _forget_the_dead(directory: Path) -> None:
    """Drop the gauges of workers that are gone; counters stay, so that none goes backwards."""
    for file in directory.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            # Another worker may be asked in the same moment, and take the file away first.
            with suppress(FileNotFoundError):
                mark_process_dead(int(pid), str(directory))
