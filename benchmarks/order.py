"""What the open loop is told to do, and what it tells: both travel as JSON."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Order:
    """What to do.

    Args:
        port: Where, on the loopback interface.
        path: Of the route.
        bodies: A file with one body a line.
        rate: Requests a second.
        seconds: For how long.
        deadline: Seconds a client waits before it hangs up.
        connections: How many may be open at once.
        burst: As many requests at once before the first arrival.
        crowd: As many connections ask again as soon as they are answered, and leave at the end.
        patience: Seconds after which an answer is late.
        keep: How many answers to return.
        seed: Of the arrivals.
    """

    port: int
    path: str
    bodies: str
    rate: float
    seconds: float
    deadline: float = 10.0
    connections: int = 2_048
    burst: int = 0
    crowd: int = 0
    patience: float = 1.0
    keep: int = 64
    seed: int = 1


@dataclass
class Seen:
    """What came of it; times in milliseconds, from the intended moment.

    `good` are answers 200 before the deadline, `overdue` those of them after the patience.
    Percentiles are over all that were meant, and whatever was not good counts as having taken the
    whole deadline; of a crowd they are over the good ones alone. `late` is how late the generator
    itself was.
    """

    meant: int = 0
    sent: int = 0
    good: int = 0
    overdue: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    hung_up: int = 0
    unheard: int = 0
    broken: int = 0
    seconds: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    p999: float = 0.0
    worst: float = 0.0
    late_p99: float = 0.0
    answers: list[tuple[int, str]] = field(default_factory=list)
