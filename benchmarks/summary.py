"""What the rounds say together: medians, and Tabento's ratios to its peers."""

from dataclasses import dataclass
from statistics import median

from benchmarks.peer import TABENTO
from benchmarks.results import Measurement, Results


@dataclass(frozen=True)
class Summary:
    """Looks at results; None is whatever was not measured."""

    results: Results

    def rounds(self, peer: str, workload: str) -> dict[int, Measurement]:
        return {
            each.round: each
            for each in self.results.measurements
            if (each.peer, each.workload) == (peer, workload)
        }

    def value(self, peer: str, workload: str, metric: str) -> float | None:
        """Give the median over the rounds; `metric` is a field of `Measurement` or of its extra."""
        found = [_metric(each, metric) for each in self.rounds(peer, workload).values()]
        return _median(found)

    def ratio(self, peer: str, workload: str, metric: str = "rate") -> float | None:
        """Give Tabento's value by the peer's: within each round, and of these the median."""
        ours, theirs = self.rounds(TABENTO.name, workload), self.rounds(peer, workload)
        return _median(
            [
                _quotient(_metric(ours[number], metric), _metric(theirs[number], metric))
                for number in ours.keys() & theirs.keys()
            ]
        )

    def start(self, peer: str, metric: str) -> float | None:
        """Give the median over the starts with one worker: `seconds` or `rss_mb`."""
        starts = self.results.starts
        found = [each for each in starts if (each.peer, each.workers) == (peer, 1)]
        return _median([getattr(each, metric) for each in found])


def _metric(measured: Measurement, metric: str) -> float | None:
    if metric in measured.extra:
        return measured.extra[metric]
    found: float | None = getattr(measured, metric, None)
    return found


def _quotient(ours: float | None, theirs: float | None) -> float | None:
    return ours / theirs if ours is not None and theirs else None


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
