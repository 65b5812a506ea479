"""The open loop, run in a process of its own: see `arrivals`."""

import json
import subprocess
import sys
from dataclasses import asdict

from benchmarks.environment import ROOT
from benchmarks.machine import pinned
from benchmarks.order import Order, Seen


def run(order: Order, cores: tuple[int, ...]) -> Seen:
    """Carry out `order` on some cores."""
    done = subprocess.run(
        [*pinned(cores), sys.executable, "-m", "benchmarks.arrivals"],
        input=json.dumps(asdict(order)),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    seen = Seen(**json.loads(done.stdout))
    # In JSON every key is a text.
    seen.statuses = {int(status): count for status, count in seen.statuses.items()}
    return seen
