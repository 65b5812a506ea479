"""What is asked: bodies as each peer's protocol wants them."""

import json
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from benchmarks.environment import work_folder
from benchmarks.fitted import CONTRACTS
from benchmarks.peer import PEERS, Peer, Rows
from clients.rows import rows

# Sizes in a scattered order, so that a large request does not always follow the next larger one.
SIZES = {
    "single": (1,) * 256,
    "rows32": (32,) * 16,
    "rows512": (512,) * 4,
    "mixed": tuple(sorted(range(1, 65), key=lambda size: size * 37 % 64)),
}


@dataclass(frozen=True)
class Questions:
    """Requests to one model."""

    model: str
    mix: str

    @property
    def count(self) -> int:
        return len(SIZES[self.mix])

    @property
    def rows(self) -> float:
        """Rows a request, on average."""
        return sum(SIZES[self.mix]) / self.count

    def bodies(self, peer: Peer) -> Path:
        """Write one body a line."""
        file = work_folder("bodies", peer.protocol) / f"{self.model}-{self.mix}"
        if not file.exists():
            encoded = [peer.encode(self.model, rows) for rows in _requests(self.model, self.mix)]
            file.write_bytes(b"\n".join(encoded) + b"\n")
        return file

    def first(self, peer: Peer) -> bytes:
        with self.bodies(peer).open("rb") as file:
            return file.readline().rstrip()


@cache
def _requests(model: str, mix: str) -> list[Rows]:
    stream = rows(CONTRACTS[model])
    # A field that was left out gets its default: columns must be as long as each other.
    whole = (CONTRACTS[model].ROW.model_validate_json(json.dumps(row)) for row in stream)
    return [[row.model_dump(mode="json") for row in islice(whole, size)] for size in SIZES[mix]]


def forget() -> None:
    """Remove the bodies of an earlier run: rows may be made otherwise now."""
    for protocol in {peer.protocol for peer in PEERS}:
        for file in work_folder("bodies", protocol).iterdir():
            file.unlink()
