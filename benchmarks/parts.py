"""To which part of a request a sampled stack belongs, and what each part costs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from benchmarks.environment import ROOT
from benchmarks.table import number, table

Stack = tuple[str, ...]

LOOP = "event loop: waiting, reading and waking, with the kernel's work"
HTTP = "HTTP server: uvicorn and httptools, writing, with the kernel's work"
FRONT = "front: in and out (routes, headers, limits, errors)"
VALIDATION = "read and validate"
BATCHER = "batcher"
MODEL = "model"
AROUND = "rows to features, numbers to predictions"
ANSWER = "write the answer"
LOG = "log line, handed over"
COUNTING = "metrics and drift, counted"
THREADS = "other threads of the worker: log lines written, metrics and drift added up"
PROCESSES = "other processes: the supervisor"
REST = "the rest, not explained"

# The first rule that fits decides, for the innermost frame that any rule fits.
RULES = (
    ("serving/wire.py:read", VALIDATION),
    ("serving/wire.py:refuse_repeated", VALIDATION),
    ("serving/repeated.py:", VALIDATION),
    ("serving/wire.py:write", ANSWER),
    ("serving/compiled.py:", MODEL),
    ("serving/estimator.py:", MODEL),
    ("serving/runner.py:", AROUND),
    ("models/", AROUND),
    ("serving/batcher.py:", BATCHER),
    ("serving/pace.py:", BATCHER),
    ("monitoring/logs.py:", LOG),
    ("monitoring/", COUNTING),
    ("serving/account.py:", COUNTING),
    ("serving/protocol.py:", HTTP),
    ("uvicorn/protocols/", HTTP),
    ("serving/", FRONT),
    ("service.py:", FRONT),
    ("starlette/", FRONT),
    ("bentoml/", FRONT),
    ("_bentoml_sdk/", FRONT),
    ("uvicorn/server.py:", LOOP),
    ("asyncio/runners.py:", LOOP),
)
PARTS = (LOOP, HTTP, FRONT, VALIDATION, BATCHER, AROUND, MODEL, ANSWER, LOG, COUNTING)


@dataclass(frozen=True)
class Spent:
    """What a worker used while it answered: seconds of CPU.

    Args:
        requests: How many were answered.
        whole: All processes of the server, by their own accounting.
        main: The worker's thread that serves.
        kernel: What of that the kernel used.
        threads: The worker's other threads.
        samples: How often each stack of the serving thread was seen, innermost frame first.
    """

    requests: int
    whole: float
    main: float
    kernel: float
    threads: float
    samples: Mapping[Stack, int]

    @property
    def request(self) -> float:
        """Microseconds."""
        return self.whole / self.requests * 1e6


def of(stack: Sequence[str]) -> str:
    frames = map(_short, stack)
    fitting = chain.from_iterable(
        (part for prefix, part in RULES if frame.startswith(prefix)) for frame in frames
    )
    return next(fitting, REST)


def costs(spent: Spent) -> dict[str, float]:
    """Microseconds a request of each part; what is left of the whole is the rest."""
    seen: Counter[str] = Counter()
    for stack, count in spent.samples.items():
        seen[of(stack)] += count
    every = max(seen.total(), 1)
    main = {part: spent.main * seen[part] / every for part in PARTS}
    others = max(spent.whole - spent.main - spent.threads, 0.0)
    found = {**main, THREADS: spent.threads, PROCESSES: others}
    # Rounded, because a sum of fractions is off by less than any clock can tell; no "-0" either.
    found[REST] = round(spent.whole - sum(found.values()), 9) + 0.0
    return {part: seconds / spent.requests * 1e6 for part, seconds in found.items()}


def drawn(spent: Spent) -> str:
    lines = [
        [part, number(cost), f"{cost / spent.request:.1%}"] for part, cost in costs(spent).items()
    ]
    whole = ["server CPU a request, by the processes' own accounting", number(spent.request)]
    return table(["part", "µs a request", "share"], [*lines, [*whole, "100.0%"]])


def _short(frame: str) -> str:
    """Cut what stands before our own folders, or before a library's name."""
    for before in (f"{ROOT}/", "/site-packages/", "/python3.11/"):
        _, found, rest = frame.rpartition(before)
        if found:
            return rest
    return frame
