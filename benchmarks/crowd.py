"""An overload as two generators saw it: wrk asks hard, the other watches a part one by one."""

from dataclasses import dataclass

from benchmarks.closed_loop import Closed
from benchmarks.order import Seen

OK = 200


@dataclass(frozen=True)
class Crowd:
    """Rates a second: 200s in time and late, other answers, and requests without an answer.

    `requests` is all of it, `answered` the 200s. Times in milliseconds, of the `watched` 200s.
    """

    requests: int
    answered: int
    in_time: float
    late: float
    refused: float
    failed: float
    watched: int
    p50: float
    p99: float
    p999: float


def together(rest: Closed, seen: Seen) -> Crowd:
    """Add up what both saw; how many of wrk's 200s were late is taken from those watched."""
    answered = max(rest.requests - rest.refused, 0) + seen.good
    refused = rest.refused + _refused(seen)
    failed = max(rest.errors - rest.refused, 0) + seen.broken + seen.hung_up
    late = answered * _late_share(rest, seen)
    return Crowd(
        requests=answered + refused + failed,
        answered=answered,
        in_time=(answered - late) / rest.seconds,
        late=late / rest.seconds,
        refused=refused / rest.seconds,
        failed=failed / rest.seconds,
        watched=seen.good,
        p50=seen.p50,
        p99=seen.p99,
        p999=seen.p999,
    )


def _refused(seen: Seen) -> int:
    return sum(count for status, count in seen.statuses.items() if status != OK)


def _late_share(rest: Closed, seen: Seen) -> float:
    """Where no 200 was watched, every late answer of wrk's counts as one of its 200s."""
    if seen.good:
        return seen.overdue / seen.good
    answered = rest.requests - rest.refused
    return min(rest.late / answered, 1.0) if answered > 0 else 0.0
