"""Drift for Prometheus: the counts as counters, so that workers, pods and times add up there."""

from dataclasses import dataclass

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge

from monitoring.divergence import normal, smoothed
from monitoring.drift import false_alarms
from monitoring.layout import STEPS, Counts, Layout
from monitoring.reference import Reference

MODEL = ("model", "version")
FEATURE_BIN = (*MODEL, "feature", "bin")
SCORE_BIN = (*MODEL, "bin")


@dataclass(frozen=True)
class DriftFamilies:
    """The metrics as Prometheus knows them.

    With the version as a label the bins of two models are never mixed while one replaces the other.
    """

    feature_bins: Counter
    feature_reference: Gauge
    feature_rows: Gauge
    unseen: Counter
    score_bins: Counter
    score_reference: Gauge
    score_rows: Counter
    score_sum: Counter
    score_squares: Counter
    score_facts: Gauge
    limits: Gauge
    missed: Counter


def drift_families(registry: CollectorRegistry) -> DriftFamilies:
    """Declare the metrics."""

    def counter(name: str, meaning: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, meaning, labels, registry=registry)

    def gauge(name: str, meaning: str, labels: tuple[str, ...]) -> Gauge:
        # Each worker says the same, and goes on saying it for those that died.
        return Gauge(name, meaning, labels, registry=registry, multiprocess_mode="max")

    return DriftFamilies(
        counter("model_feature_bin", "Rows, by where a field of theirs fell.", FEATURE_BIN),
        gauge("model_feature_bin_reference_ratio", "Share of training rows in it.", FEATURE_BIN),
        gauge("model_feature_reference_rows", "Training rows, effective.", (*MODEL, "feature")),
        counter("model_feature_unseen", "Categories training never saw.", (*MODEL, "feature")),
        counter("model_score_bin", "Rows, by their positive probability.", SCORE_BIN),
        gauge("model_score_bin_reference_ratio", "Share of held-out rows in it.", SCORE_BIN),
        counter("model_score_rows", "Rows with a positive probability.", MODEL),
        counter("model_score_sum", "Sum of positive probabilities.", MODEL),
        counter("model_score_squares", "Sum of their squares.", MODEL),
        gauge("model_score_reference", "Of held-out rows.", (*MODEL, "statistic")),
        gauge("model_drift_limit", "Normal quantile up to which it is chance.", (*MODEL, "test")),
        counter("model_drift_missed_rows", "Rows that came too fast to be counted.", MODEL),
    )


class DriftSeries:
    """One model's counters. They are made here, at zero, so that no increase is missed."""

    def __init__(
        self, families: DriftFamilies, model: str, version: str, reference: Reference
    ) -> None:
        self._layout = Layout.of(reference)
        labels = (model, version)
        self._cells: list[Counter] = []
        for name, feature in reference.features.items():
            for bin_, share in zip(feature.bins, ratios(feature.shares, feature.rows), strict=True):
                self._cells.append(families.feature_bins.labels(*labels, name, bin_))
                families.feature_reference.labels(*labels, name, bin_).set(share)
            families.feature_rows.labels(*labels, name).set(feature.rows)
        score = reference.score
        for bin_, share in zip(score.bins, ratios(score.shares, score.rows), strict=True):
            self._cells.append(families.score_bins.labels(*labels, bin_))
            families.score_reference.labels(*labels, bin_).set(share)
        for statistic in ("mean", "deviation", "rows"):
            value = getattr(score, statistic)
            families.score_facts.labels(*labels, statistic).set(value)
        level = false_alarms(reference)
        families.limits.labels(*labels, "psi").set(normal(1 - level))
        families.limits.labels(*labels, "mean").set(normal(1 - level / 2))
        self._cells += [families.unseen.labels(*labels, name) for name in self._layout.unseen]
        self._rows = families.score_rows.labels(*labels)
        self._sum = families.score_sum.labels(*labels)
        self._squares = families.score_squares.labels(*labels)
        self._missed = families.missed.labels(*labels)

    def add(self, counts: Counts) -> None:
        """Bring what was counted since the last call."""
        for cell in np.flatnonzero(counts[: len(self._cells)]).tolist():
            self._cells[cell].inc(int(counts[cell]))
        self._rows.inc(int(counts[self._layout.score].sum()))
        self._sum.inc(float(counts[self._layout.sum]) / STEPS)
        self._squares.inc(float(counts[self._layout.squares]) / STEPS)
        self._missed.inc(int(counts[self._layout.missed]))


def ratios(shares: tuple[float, ...], rows: float) -> list[float]:
    """Shares as the PSI takes them: smoothed, so that a rule need not divide by zero."""
    found: list[float] = smoothed(np.array(shares) * rows).tolist()
    return found
