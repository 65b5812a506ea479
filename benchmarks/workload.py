"""What is measured: which model is asked what, how hard, of how many workers."""

from dataclasses import dataclass
from typing import Literal

from benchmarks.peer import MODELS

# The model and the load that all others are compared at.
MAIN = "breast_cancer"
STANDARD = f"single_{MAIN}_32"
# The better of these is a peer's capacity: some batch better when more are waiting.
CROWD = 256
CROWDS = (STANDARD, f"single_{MAIN}_{CROWD}")


@dataclass(frozen=True)
class Workload:
    """One measurement of a peer.

    Args:
        name: For commands and results.
        title: For people.
        shape: `closed`: `load` connections, each asks again when answered. `open`: requests arrive
            at `load` times the peer's own capacity, each waits 10 s at most. `overload`: more
            connections than it can serve in time. `burst`: one connection, after 256 have let go.
        quick: Is it part of a quick run?
        few: Is it asked of peers that are measured under a few workloads alone?
    """

    name: str
    title: str
    shape: Literal["closed", "open", "overload", "burst"]
    load: float
    model: str = MAIN
    mix: str = "single"
    workers: int = 1
    quick: bool = False
    few: bool = False


def _single(model: str, connections: int) -> Workload:
    return Workload(
        name=f"single_{model}_{connections}",
        title=f"{model}, single rows, {connections} connection{'s' * (connections > 1)}",
        shape="closed",
        load=connections,
        model=model,
        quick=model == MAIN or (model, connections) == ("loan_default", 32),
        few=model == MAIN or connections == 32,  # noqa: PLR2004
    )


def _open(share: float) -> Workload:
    return Workload(
        name=f"open_{share * 100:.0f}",
        title=f"{MAIN}, single rows, arriving at {share:.0%} of capacity",
        shape="open",
        load=share,
        few=share > 0.5,  # noqa: PLR2004
    )


def _overload(factor: int) -> Workload:
    return Workload(
        name=f"overload_{factor}",
        title=f"{MAIN}, single rows, {factor * CROWD:,} connections: {factor} times the crowd",
        shape="overload",
        load=factor * CROWD,
        quick=factor == 10,  # noqa: PLR2004
        few=factor == 10,  # noqa: PLR2004
    )


def _large(model: str, connections: int = 4) -> Workload:
    """A few large bodies at once, or many: many fill queues with rows before requests do."""
    few = connections == 4  # noqa: PLR2004 - so named and compared since the first run
    return Workload(
        name=f"rows512_{model}" if few else f"rows512_{model}_{connections}",
        title=f"{model}, 512 rows, {connections} connections",
        shape="closed",
        load=connections,
        model=model,
        mix="rows512",
        quick=few and model == MAIN,
        few=few and model == MAIN,
    )


WORKLOADS = (
    *(_single(model, connections) for model in MODELS for connections in (1, 32, 256)),
    *(_large(model) for model in MODELS),
    _large(MAIN, 32),
    Workload("mixed", f"{MAIN}, 1 to 64 rows, 32 connections", "closed", 32, mix="mixed"),
    *(_open(share) for share in (0.5, 0.8)),
    Workload("after_burst", f"{MAIN}, a lone row after 256 connections", "burst", 1, few=True),
    *(_overload(factor) for factor in (2, 10)),
    Workload(
        "two_workers", f"{MAIN}, single rows, 32 connections, two workers", "closed", 32, workers=2
    ),
)
