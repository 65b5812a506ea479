"""Prometheus metrics of the requests and predictions, over all workers.

A metric that several processes share is a mapped file, and writing there costs ten times what
counting in Python does. So requests are counted here in plain numbers, and brought to Prometheus
once a second and before every scrape.
"""

import os
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True)
class Families:
    """The metrics as Prometheus knows them."""

    requests: Counter
    duration: Histogram
    rows: Counter
    batch_rows: Histogram
    batch_duration: Histogram
    in_flight: Gauge
    model_info: Gauge
    dropped_log_records: Counter


def families(registry: CollectorRegistry) -> Families:
    """Declare the metrics."""
    return Families(
        requests=Counter(
            "tabento_requests",
            "Requests answered. Paths that are no route share one label.",
            ["path", "status"],
            registry=registry,
        ),
        duration=Histogram(
            "tabento_request_duration_seconds",
            "From a prediction request's head to the last byte of its answer.",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        ),
        rows=Counter("tabento_rows", "Rows predicted.", ["model"], registry=registry),
        batch_rows=Histogram(
            "tabento_batch_rows",
            "Rows predicted at once.",
            ["model"],
            buckets=ROWS,
            registry=registry,
        ),
        batch_duration=Histogram(
            "tabento_batch_duration_seconds",
            "One run of the model.",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        ),
        in_flight=Gauge(
            "tabento_requests_in_flight",
            "Prediction requests being answered, as of the last second.",
            ["model"],
            multiprocess_mode="livesum",
            registry=registry,
        ),
        model_info=Gauge(
            "tabento_model_info",
            "Constant 1: which model is loaded.",
            ["model", "version", "sha256"],
            multiprocess_mode="livemax",
            registry=registry,
        ),
        dropped_log_records=Counter(
            "tabento_dropped_log_records",
            "Log records lost to a stalled output.",
            registry=registry,
        ),
    )


class Distribution:
    """A histogram in plain numbers, for one `Histogram` child."""

    def __init__(self, bounds: Sequence[float], child: Histogram) -> None:
        self._bounds = bounds
        self._child = child
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def flush(self) -> None:
        """Bring the counts to Prometheus, whose client takes one value at a time only."""
        for bucket, count in zip(self._child._buckets, self._counts, strict=True):
            if count:
                bucket.inc(count)
        self._child._sum.inc(self._sum)
        self._counts = [0] * len(self._counts)
        self._sum = 0.0


@dataclass(eq=False)
class ModelMetrics:
    """What one model's requests and runs are counted in."""

    name: str
    families: Families
    in_flight: int = 0
    rows: int = 0
    duration: Distribution = field(init=False)
    batch_rows: Distribution = field(init=False)
    batch_duration: Distribution = field(init=False)

    def __post_init__(self) -> None:
        """Make the children, so that a series is there, at zero, before the first request."""
        to = self.families
        self.duration = Distribution(SECONDS, to.duration.labels(self.name))
        self.batch_rows = Distribution(ROWS, to.batch_rows.labels(self.name))
        self.batch_duration = Distribution(SECONDS, to.batch_duration.labels(self.name))

    def ran(self, rows: int, seconds: float) -> None:
        """Count one run of the model."""
        self.rows += rows
        self.batch_rows.observe(rows)
        self.batch_duration.observe(seconds)

    def flush(self) -> None:
        """Bring all to Prometheus."""
        self.families.in_flight.labels(self.name).set(self.in_flight)
        self.families.rows.labels(self.name).inc(self.rows)
        self.rows = 0
        for distribution in (self.duration, self.batch_rows, self.batch_duration):
            distribution.flush()


class Metrics:
    """All that one worker counts."""

    def __init__(self, models: Sequence[str]) -> None:
        self._registry = CollectorRegistry()
        self.families = families(self._registry)
        self.models = {name: ModelMetrics(name, self.families) for name in models}
        self._answered: Tally[tuple[str, int]] = Tally()

    def answered(self, path: str, status: int) -> None:
        """Count one answer. `path` is a route's, never the client's."""
        self._answered[path, status] += 1

    def loaded(self, model: str, version: str, sha256: str) -> None:
        """Say which model is served."""
        self.families.model_info.labels(model, version, sha256).set(1)

    def dropped(self, records: int) -> None:
        """Count log records that were lost."""
        self.families.dropped_log_records.inc(records)

    def flush(self) -> None:
        """Bring all to Prometheus."""
        for (path, status), count in self._answered.items():
            self.families.requests.labels(path, str(status)).inc(count)
        self._answered.clear()
        for model in self.models.values():
            model.flush()

    def exposition(self) -> bytes:
        """Say what `/metrics` answers: of all workers, or of this process where it is alone."""
        self.flush()
        directory = os.environ.get(DIRECTORY)
        if directory is None:
            return prometheus_client.generate_latest(self._registry)
        _forget_the_dead(Path(directory))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, directory)
        return prometheus_client.generate_latest(registry)


def _forget_the_dead(directory: Path) -> None:
    """Drop the gauges of workers that are gone; counters stay, so that none goes backwards."""
    for file in directory.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            # Another worker may be asked in the same moment, and take the file away first.
            with suppress(FileNotFoundError):
                mark_process_dead(int(pid), str(directory))
