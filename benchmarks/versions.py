"""Which versions matter: the framework, what speaks HTTP, and what predicts."""

from collections.abc import Mapping

from benchmarks.peer import PEERS, Peer
from benchmarks.table import NOTHING, table

PREDICTS = ("scikit-learn", "numpy", "catboost", "pydantic")


def that_matter(peer: Peer, found: Mapping[str, str]) -> dict[str, str]:
    """Keep of all that is installed what a reader compares."""
    wanted = ("python", peer.library, *peer.server, *PREDICTS)
    return {name: found[name] for name in wanted if name in found}


def compared(libraries: Mapping[str, Mapping[str, str]]) -> str:
    """Draw one line a peer."""
    head = ["peer", "Python", "framework", "HTTP server", *PREDICTS]
    lines = [_line(peer, libraries[peer.name]) for peer in PEERS if peer.name in libraries]
    return table(head, lines, texts=len(head))


def _line(peer: Peer, found: Mapping[str, str]) -> list[str]:
    servers = ", ".join(f"{each} {found[each]}" for each in peer.server if each in found)
    return [
        peer.title,
        found["python"],
        f"{peer.library} {found[peer.library]}",
        servers or "its own",
        *(found.get(each, NOTHING) for each in PREDICTS),
    ]
