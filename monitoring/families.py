"""The metrics of requests, models and workers as Prometheus knows them: names, labels, buckets.

A gauge says how the values of several workers become one: `livesum` adds them, `livemin` and
`livemax` choose one, and all three forget a worker that is gone.
"""

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# A request that starts at once waits for its turn of the event loop, and that is all.
WAIT_SECONDS = (0.0001, 0.00025, *SECONDS)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

MODEL = ("model",)


@dataclass(frozen=True)
class RequestFamilies:
    """What is known of requests, whoever answers them."""

    requests: Counter
    rejections: Counter
    by_key: Counter
    duration: Histogram
    in_flight: Gauge


@dataclass(frozen=True)
class ModelFamilies:
    """What is known of a model: its queue, its runs, and whether it is itself."""

    queue_wait: Histogram
    queue_rows: Gauge
    rows: Counter
    batch_rows: Histogram
    batch_duration: Histogram
    info: Gauge
    golden_check_at: Gauge
    golden_check_duration: Gauge


@dataclass(frozen=True)
class WorkerFamilies:
    """What is known of the processes."""

    dropped_log_records: Counter
    process_start: Gauge
    workers: Gauge
    starts: Counter


class Declaring:
    """Puts metrics of this project into a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, meaning: str, labels: tuple[str, ...] = ()) -> Counter:
        """Declare what only grows; Prometheus adds `_total` to its name."""
        return Counter(f"tabento_{name}", meaning, labels, registry=self._registry)

    def gauge(
        self,
        name: str,
        meaning: str,
        mode: Literal["livesum", "livemin", "livemax"],
        labels: tuple[str, ...] = MODEL,
    ) -> Gauge:
        """Declare what goes up and down."""
        return Gauge(
            f"tabento_{name}", meaning, labels, registry=self._registry, multiprocess_mode=mode
        )

    def histogram(self, name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
        """Declare how something of a model's is distributed."""
        return Histogram(
            f"tabento_{name}", meaning, MODEL, buckets=buckets, registry=self._registry
        )


def request_families(declare: Declaring) -> RequestFamilies:
    """Declare the metrics of requests."""
    return RequestFamilies(
        requests=declare.counter(
            "requests",
            "Requests answered. Paths that are no route share one label.",
            ("path", "status"),
        ),
        rejections=declare.counter(
            "rejections", "Requests answered with an error, by its code.", ("path", "code")
        ),
        by_key=declare.counter(
            "key_requests", "Requests with a valid API key, by its name.", ("key", "status")
        ),
        duration=declare.histogram(
            "request_duration_seconds",
            "From a prediction request's head to the last byte of its answer.",
            SECONDS,
        ),
        in_flight=declare.gauge(
            "requests_in_flight",
            "Prediction requests being answered, as of the last second.",
            "livesum",
        ),
    )


def model_families(declare: Declaring) -> ModelFamilies:
    """Declare the metrics of models."""
    return ModelFamilies(
        queue_wait=declare.histogram(
            "queue_wait_seconds",
            "From a request's entry into the queue to the start of its batch.",
            WAIT_SECONDS,
        ),
        queue_rows=declare.gauge("queue_rows", "Rows waiting, as of the last second.", "livesum"),
        rows=declare.counter("rows", "Rows predicted.", MODEL),
        batch_rows=declare.histogram("batch_rows", "Rows predicted at once.", ROWS),
        batch_duration=declare.histogram(
            "batch_duration_seconds", "One run of the model.", SECONDS
        ),
        info=declare.gauge(
            "model_info",
            "Constant 1: which model is loaded.",
            "livemax",
            ("model", "version", "sha256"),
        ),
        golden_check_at=declare.gauge(
            "golden_check_timestamp_seconds",
            "When the model last gave its golden answers, in the worker where that is longest ago.",
            "livemin",
        ),
        golden_check_duration=declare.gauge(
            "golden_check_duration_seconds",
            "How long the last golden check that passed took, in the slowest worker.",
            "livemax",
        ),
    )


def worker_families(declare: Declaring) -> WorkerFamilies:
    """Declare the metrics of processes."""
    return WorkerFamilies(
        dropped_log_records=declare.counter(
            "dropped_log_records", "Log records lost to a stalled output."
        ),
        process_start=declare.gauge(
            "process_start_time_seconds",
            "When the worker that has lived longest was started.",
            "livemin",
            (),
        ),
        workers=declare.gauge("workers", "Worker processes that live.", "livesum", ()),
        starts=declare.counter(
            "worker_starts", "Workers started since the service was, those that died included."
        ),
    )
