"""Percentiles of values that were counted."""

from collections import Counter


def percentile(counted: Counter[float], share: float) -> float | None:
    """Give the smallest value that at least `share` of all values do not exceed (nearest rank).

    Args:
        counted: How often each value was seen.
        share: In (0, 1].

    Returns:
        None where nothing was counted.
    """
    # Ten decimals: 0.95 * 1000 must be 950 and no hair more.
    rank = round(share * counted.total(), 10)
    seen = 0
    for value in sorted(counted):
        seen += counted[value]
        if seen >= rank:
            return value
    return None
