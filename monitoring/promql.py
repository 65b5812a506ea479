"""The same report from Prometheus, which counts on when nothing is kept: no outcomes, no requests.

Only bins are known there; what a service counts, Prometheus adds up over its workers and pods.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from urllib.parse import urlencode
from urllib.request import urlopen

import numpy as np

from monitoring.drift import Drift, report
from monitoring.layout import STEPS, Counts, Layout
from monitoring.period import Asked, Part, PeriodReport, at, edges_of, part
from monitoring.reference import Reference
from monitoring.windows import Seen

TIMEOUT_SECONDS = 60
NONE = np.zeros(0)


class PrometheusError(Exception):
    """Prometheus did not answer, or not as it should."""


def period_report(asked: Asked, url: str) -> PeriodReport:
    """Ask for the increase of every bin over the period, and over its parts.

    Raises:
        PrometheusError: see there.
    """
    drift = _drift(asked, url, asked.since, asked.until)
    edges = edges_of(asked, drift.rows).tolist()
    return PeriodReport(
        model=asked.contract.NAME,
        version=asked.version,
        other_versions={},
        source="Prometheus",
        since=at(asked.since),
        until=at(asked.until),
        requests=None,
        rows=drift.rows,
        judged=None,
        not_watched=[],
        drift=drift,
        quality=None,
        parts=[_part(asked, url, *span) for span in pairwise(edges)],
    )


def _part(asked: Asked, url: str, since: float, until: float) -> Part:
    drift = _drift(asked, url, since, until)
    return part(drift, (since, until), NONE, NONE, asked.reference)


def _drift(asked: Asked, url: str, since: float, until: float) -> Drift:
    counts = _counts(asked, url, since, until)
    seen = Seen(window="start", since=at(since), until=at(until), counts=counts)
    return report(asked.reference, seen)


def _counts(asked: Asked, url: str, since: float, until: float) -> Counts:
    layout = Layout.of(asked.reference)
    found = np.zeros(layout.cells)
    cells = _cells(asked.reference, layout)
    selector = f'{{model="{asked.contract.NAME}",version="{asked.version}"}}'
    seconds = max(int(until - since), 1)
    for name in ("feature_bin", "score_bin", "feature_unseen", "score_sum", "score_squares"):
        query = f"sum by (feature, bin) (increase(model_{name}_total{selector}[{seconds}s]))"
        for labels, value in _ask(url, query, until):
            cell = cells.get((name, labels.get("feature", ""), labels.get("bin", "")))
            if cell is not None:
                found[cell] += value * (STEPS if name.startswith("score_s") else 1)
    counts: Counts = np.rint(found).astype(np.int64)
    # Which cell of the grid a row fell into is not told to Prometheus, only which bin.
    counts[layout.grid] = _spread(asked.reference, counts[layout.score])
    return counts


def _cells(reference: Reference, layout: Layout) -> dict[tuple[str, str, str], int]:
    cells = {
        ("feature_bin", name, bin_): layout.features[name].start + number
        for name, feature in reference.features.items()
        for number, bin_ in enumerate(feature.bins)
    }
    for number, bin_ in enumerate(reference.score.bins):
        cells["score_bin", "", bin_] = layout.score.start + number
    cells |= {("feature_unseen", name, ""): cell for name, cell in layout.unseen.items()}
    return cells | {("score_sum", "", ""): layout.sum, ("score_squares", "", ""): layout.squares}


def _spread(reference: Reference, bins: Counts) -> Counts:
    """Within a bin the scores are taken to lie as those of the reference did."""
    score = reference.score
    middles = (np.array([0.0, *score.grid]) + np.array([*score.grid, 1.0])) / 2
    place = np.searchsorted(score.edges, middles, side="right")
    shares = np.array(score.grid_shares)
    totals = np.bincount(place, shares, len(bins))[place]
    spread = bins[place] * np.divide(shares, totals, out=np.zeros_like(shares), where=totals > 0)
    counts: Counts = np.rint(spread).astype(np.int64)
    return counts


def _ask(url: str, query: str, when: float) -> list[tuple[Mapping[str, str], float]]:
    asked = f"{url.rstrip('/')}/api/v1/query?{urlencode({'query': query, 'time': when})}"
    if not asked.startswith(("http://", "https://")):
        msg = f"{url} is no address of Prometheus: http://host:9090"
        raise PrometheusError(msg)
    try:
        with urlopen(asked, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - see above
            result = json.load(answer)["data"]["result"]
        return [(each["metric"], float(each["value"][1])) for each in result]
    except (OSError, ValueError, KeyError) as error:
        msg = f"{url} did not answer as Prometheus does: {error}"
        raise PrometheusError(msg) from error
