"""The closed loop: wrk, in which every connection asks again as soon as it is answered."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import pinned

SCRIPT = Path(__file__).with_name("closed_loop.lua")
TIMEOUT_SECONDS = 10


class NoLoadGeneratorError(RuntimeError):
    """wrk is missing; the text says how to install it."""


@dataclass(frozen=True)
class Closed:
    """What wrk saw; times in milliseconds.

    `requests` are answers of any kind. Errors: answers other than 2xx, which are `refused`, and
    lost requests. `late` are answers of any kind that took longer than a second.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    p999: float
    worst: float
    errors: int
    refused: int = 0
    late: int = 0


def require() -> None:
    """Refuse early.

    Raises:
        NoLoadGeneratorError: there is no wrk.
    """
    if shutil.which("wrk") is None:
        msg = (
            "the benchmark needs the load generator wrk: "
            "`apt-get install wrk` on Debian and Ubuntu, `brew install wrk` on macOS"
        )
        raise NoLoadGeneratorError(msg)


def run(
    url: str, bodies: Path, *, connections: int, seconds: int, cores: tuple[int, ...]
) -> Closed:
    """Ask for `seconds` on `connections`, with one body a line of `bodies`."""
    command = [
        *(*pinned(cores), "wrk", "--threads", "1", "--connections", str(connections)),
        *("--duration", f"{seconds}s", "--timeout", f"{TIMEOUT_SECONDS}s"),
        *("--script", str(SCRIPT), url, "--", str(bodies)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return read(done.stdout)


def read(output: str) -> Closed:
    """Understand what the script printed below wrk's own words."""
    return Closed(**json.loads(output.strip().splitlines()[-1]))
