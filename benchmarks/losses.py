"""Where a peer does better than Tabento."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.peer import PEERS, TABENTO, Peer
from benchmarks.summary import Summary
from benchmarks.workload import WORKLOADS, Workload

# Less than this is as likely the machine as the server.
NOISE = 1.03

# What is compared, by shape. At a share of its own capacity each peer has another rate, so that
# only what a client feels is compared.
METRICS = {
    "closed": ("rate", "p50", "p99", "cpu_us"),
    "open": ("p50", "p99"),
    "overload": ("goodput",),
    "burst": ("p50",),
}
MORE_IS_BETTER = {"rate", "goodput"}
WORDS = {
    "rate": "requests/s",
    "p50": "p50, ms",
    "p99": "p99, ms",
    "cpu_us": "CPU, µs a request",
    "goodput": "goodput, share of capacity",
    "seconds": "start, s",
    "rss_mb": "memory after the start, MB",
}


@dataclass(frozen=True)
class Loss:
    """`factor` is how many times better the peer is."""

    where: str
    peer: Peer
    metric: str
    ours: float
    theirs: float
    factor: float


def of(summary: Summary) -> list[Loss]:
    """List them all, the greatest first."""
    rivals = [peer for peer in PEERS if peer is not TABENTO and not peer.limit]
    found = [
        loss
        for peer in rivals
        for loss in (*_starts(summary, peer), *_workloads(summary, peer))
        if loss.factor > NOISE
    ]
    return sorted(found, key=lambda loss: -loss.factor)


def _workloads(summary: Summary, peer: Peer) -> Iterator[Loss]:
    for workload in WORKLOADS:
        for metric in METRICS[workload.shape]:
            yield from _compared(summary, peer, workload, metric)


def _compared(summary: Summary, peer: Peer, workload: Workload, metric: str) -> Iterator[Loss]:
    ratio = summary.ratio(peer.name, workload.name, metric)
    ours = summary.value(TABENTO.name, workload.name, metric)
    theirs = summary.value(peer.name, workload.name, metric)
    if ratio and ours is not None and theirs is not None:
        factor = 1 / ratio if metric in MORE_IS_BETTER else ratio
        yield Loss(workload.title, peer, metric, ours, theirs, factor)


def _starts(summary: Summary, peer: Peer) -> Iterator[Loss]:
    for metric in ("seconds", "rss_mb"):
        ours, theirs = summary.start(TABENTO.name, metric), summary.start(peer.name, metric)
        if ours and theirs:
            yield Loss("all models, one worker", peer, metric, ours, theirs, ours / theirs)
