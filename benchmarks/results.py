"""What was measured, as it is kept in results.json."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One workload of one peer in one round.

    Times in milliseconds; `cpu_us` is the whole process tree's, a request; `rss_mb` likewise.
    `rate` counts good answers a second. None where a number says nothing, such as a percentile of
    too few requests.
    """

    round: int
    peer: str
    workload: str
    requests: int
    rate: float
    rows_rate: float
    p50: float | None
    p99: float | None
    p999: float | None
    cpu_us: float | None
    rss_mb: float
    errors: int
    extra: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """One start of a peer, up to its first right answer."""

    round: int
    peer: str
    workers: int
    seconds: float
    rss_mb: float


@dataclass
class Results:
    """A whole run."""

    facts: dict[str, Any]
    measurements: list[Measurement] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    in_process: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, file: Path) -> "Results":
        held = json.loads(file.read_text())
        held["measurements"] = [Measurement(**each) for each in held["measurements"]]
        held["starts"] = [Start(**each) for each in held["starts"]]
        return cls(**held)
