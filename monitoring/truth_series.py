"""Kept predictions and their outcomes for Prometheus."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitoring.feedback import RESULTS
from monitoring.quality import Measure, Quality

VERSION = ("model", "version")
NAMES = {
    "accuracy": ("floor", "Part of the last outcomes that were decided right."),
    "brier": ("ceiling", "Mean squared error of the last outcomes' probabilities."),
    "roc_auc": ("floor", "How well the last outcomes were ranked."),
}


@dataclass(frozen=True)
class Pair:
    """A figure of the last outcomes and the level beyond which it is an alarm."""

    value: Gauge
    level: Gauge


class TruthSeries:
    """The metrics, each model's counters at zero from the start.

    The gauges are read from one file, so each worker that says anything says the same.
    """

    def __init__(self, registry: CollectorRegistry, models: tuple[str, ...]) -> None:
        def gauge(name: str, meaning: str) -> Gauge:
            return Gauge(
                f"tabento_{name}", meaning, VERSION, registry=registry,
                multiprocess_mode="mostrecent",
            )  # fmt: skip

        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(f"tabento_{name}", meaning, ("model", *labels), registry=registry)

        self._kept = counter("kept_predictions", "Rows written to the predictions file.")
        self._lost = counter("lost_predictions", "Rows that could not be: full, locked, no disk.")
        self._feedback = counter("feedback", "Outcomes told, by what they were.", "result")
        self._rows = gauge("judged_rows", "The last outcomes, which these figures are of.")
        self._pairs = {
            name: Pair(
                gauge(name, meaning),
                gauge(f"{name}_{level}", f"An alarm beyond: from the reference, for {name}."),
            )
            for name, (level, meaning) in NAMES.items()
        }
        for model in models:
            self.kept(model, 0, 0)
            for result in RESULTS:
                self.told(model, result, 0)

    def kept(self, model: str, rows: int, lost: int) -> None:
        """Count rows that were kept, and rows that were lost."""
        self._kept.labels(model).inc(rows)
        self._lost.labels(model).inc(lost)

    def told(self, model: str, result: str, outcomes: int) -> None:
        """Count outcomes."""
        self._feedback.labels(model, result).inc(outcomes)

    def judged(self, model: str, version: str, found: Quality) -> None:
        """Say how good the last answers were."""
        self._rows.labels(model, version).set(found.rows)
        for name, pair in self._pairs.items():
            measure: Measure | None = getattr(found, name)
            if measure is not None:
                pair.value.labels(model, version).set(measure.value)
                pair.level.labels(model, version).set(measure.level)
