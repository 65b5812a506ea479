"""Who is started when with what, and how long all of it takes."""

from collections.abc import Sequence
from itertools import groupby

from benchmarks.measure import OVERLOAD_TIMES, WARM_SECONDS
from benchmarks.peer import TABENTO, Peer
from benchmarks.workload import Workload

# Seconds to the first right answer, as measured; whoever is not named needs about five.
START = {
    "tabento": 10,
    "bentoml_batchable": 9,
    "litserve": 16,
    "mlserver": 8,
    "ray_serve": 33,
    "mosec": 12,
    "mosec_lent": 12,
    "bare_asgi": 1,
}
START_OF_OTHERS = 5
STOP = 2
VERIFY = 0.5
# Between two measurements: the generator starts and ends, and the server settles.
BESIDE = 1.2
# What is done before the first round.
BEFORE = 25


def sessions(
    peer: Peer, number: int, workloads: Sequence[Workload]
) -> list[tuple[int, list[Workload]]]:
    """Give a peer's starts in a round: with how many workers, and what is measured then.

    Two workers cost one more start. Peers are spared it after the first round: Tabento's own
    numbers are what needs a median.
    """
    chosen = [each for each in workloads if each.few or not peer.few]
    grouped = groupby(chosen, key=lambda each: each.workers)
    return [
        (workers, list(each))
        for workers, each in grouped
        if workers == 1 or number == 1 or peer is TABENTO
    ]


def different(workloads: Sequence[Workload]) -> list[Workload]:
    """One workload for each kind of question."""
    return list({(each.model, each.mix): each for each in workloads}.values())


def seconds(peers: Sequence[Peer], workloads: Sequence[Workload], rounds: int, each: int) -> float:
    """Estimate a whole run, `each` measurement that long."""
    return BEFORE + sum(
        START.get(peer.name, START_OF_OTHERS) + STOP + _session(chosen, each)
        for number in range(1, rounds + 1)
        for peer in peers
        for _, chosen in sessions(peer, number, workloads)
    )


def _session(workloads: Sequence[Workload], each: int) -> float:
    measured = sum(BESIDE + _one(workload, each) for workload in workloads)
    return VERIFY * len(different(workloads)) + measured


def _one(workload: Workload, each: int) -> float:
    return {
        "closed": each + (WARM_SECONDS if workload.load > 1 else 0),
        "open": each,
        "overload": each * OVERLOAD_TIMES,
        "burst": WARM_SECONDS + 2 * each,
    }[workload.shape]
