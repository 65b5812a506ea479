"""What Tabento set out to reach, and whether it does."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.peer import TABENTO
from benchmarks.summary import Summary
from benchmarks.workload import MAIN, STANDARD

LONE = f"single_{MAIN}_1"
LOANS = "single_loan_default_32"
LARGE = f"rows512_{MAIN}"


@dataclass(frozen=True)
class Target:
    """A number to reach; `found` is None when it was not measured."""

    text: str
    wanted: float
    found: float | None
    least: bool = True

    @property
    def reached(self) -> bool | None:
        if self.found is None:
            return None
        return self.found >= self.wanted if self.least else self.found <= self.wanted

    @property
    def sign(self) -> str:
        return "≥" if self.least else "≤"


def of(summary: Summary) -> list[Target]:
    return [*_rates(summary), *_costs(summary), *_latencies(summary), *_behaviour(summary)]


def _rates(summary: Summary) -> Iterator[Target]:
    wanted = {
        "bentoml_batchable": ("BentoML's own batching", 12),
        "fastapi_seed": ("FastAPI as tutorials write it", 10),
        "litserve": ("LitServe", 8),
        "mlserver": ("MLServer", 5),
        "mosec": ("mosec", 1.3),
    }
    for peer, (title, least) in wanted.items():
        yield Target(f"requests/s, times that of {title}", least, summary.ratio(peer, STANDARD))
    loans = summary.ratio("fastapi_seed", LOANS)
    yield Target(
        "loan_default: requests/s, times that of the same FastAPI, with its DataFrame", 8, loans
    )
    large = summary.ratio("fastapi_seed", LARGE, "rows_rate")
    yield Target("512 rows: rows/s, times that of the same FastAPI", 3, large)


def _costs(summary: Summary) -> Iterator[Target]:
    for peer, title, most in (("mosec", "mosec", 1.3), ("bare_asgi", "bare ASGI", 3)):
        found = summary.ratio(peer, STANDARD, "cpu_us")
        yield Target(f"server CPU a request, times that of {title}", most, found, least=False)


def _latencies(summary: Summary) -> Iterator[Target]:
    p99 = summary.ratio("mosec", STANDARD, "p99")
    yield Target("p99, times that of mosec", 1.2, p99, least=False)
    for peer, title in (("fastapi_seed", "as tutorials write it"), ("fastapi_best", "at its best")):
        lone = summary.ratio(peer, LONE, "p50")
        yield Target(f"a lone request's p50, times that of FastAPI {title}", 1.0, lone, least=False)


def _behaviour(summary: Summary) -> Iterator[Target]:
    ours = TABENTO.name
    after, before = (summary.value(ours, "after_burst", each) for each in ("p50", "before_p50"))
    burst = after / before if after and before else None
    yield Target("a lone request's p50 after a burst, times before", 1.1, burst, least=False)
    for factor, word in ((2, "twice"), (10, "ten times")):
        goodput = summary.value(ours, f"overload_{factor}", "goodput")
        yield Target(f"goodput with {word} the crowd, as a share of capacity", 0.9, goodput)
    yield _two_workers(summary)


def _two_workers(summary: Summary) -> Target:
    """Where the generator needs the second worker's core, only the cost can be compared."""
    shared = summary.results.facts["pinning"]["2"].startswith("server and load generator share")
    metric = "cpu_us" if shared else "rate"
    two = summary.value(TABENTO.name, "two_workers", metric)
    one = summary.value(TABENTO.name, STANDARD, metric)
    found = two / one if two and one else None
    if shared:
        text = "two workers on shared cores: CPU a request, times one worker's"
        return Target(text, 1.05, found, least=False)
    return Target("two workers: requests/s, times one worker's", 1.7, found)
