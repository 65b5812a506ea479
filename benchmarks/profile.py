"""Where the CPU of a request goes, all of it: `python -m benchmarks.profile` prints one table.

A server as shipped answers single rows on 32 connections over real HTTP, and notes where it is
(`sampler/`). Samples share out what its serving thread used, by the kernel's own accounting. Beside
it the bare ASGI peer is measured the same way, without samples: the limit of HTTP in Python.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import psutil

from benchmarks import closed_loop, environment, parts, store
from benchmarks.contest import open_files, say
from benchmarks.measure import OK
from benchmarks.parts import Spent, Stack
from benchmarks.peer import PEERS, TABENTO, Peer
from benchmarks.questions import Questions
from benchmarks.server import Server
from benchmarks.table import number
from benchmarks.workload import MAIN

CONNECTIONS, WARM_SECONDS, SECONDS = 32, 3, 12
QUESTIONS = Questions(MAIN, "single")


def main() -> None:
    closed_loop.require()
    open_files()
    with environment.alone(), tempfile.TemporaryDirectory() as folder:
        env = store.environment(store.copied(store.newest()))
        spent = _measured(_sampled(folder), env, Path(folder))
        bare = next(peer for peer in PEERS if peer.name == "bare_asgi")
        limit = _measured(bare, env, Path(folder))
    title = f"One row of {MAIN}, {CONNECTIONS} connections, over HTTP"
    sys.stdout.write(f"### {title}\n\n{parts.drawn(spent)}\n")
    sys.stdout.write(
        f"{sum(spent.samples.values()):,} samples. The kernel used "
        f"{number(spent.kernel / spent.requests * 1e6)} µs of it in the serving thread. "
        f"Bare ASGI in the same run: {number(limit.request)} µs a request.\n"
    )


def _sampled(folder: str) -> Peer:
    path = os.pathsep.join(map(str, (environment.ROOT / "benchmarks/sampler", environment.ROOT)))
    return replace(TABENTO, env={**TABENTO.env, "BENCH_SAMPLES": folder, "PYTHONPATH": path})


def _measured(peer: Peer, env: dict[str, str], folder: Path) -> Spent:
    with Server(peer, 1, env, _good) as server:
        say(f"{peer.title}: started in {server.start_seconds:.1f} s")
        _ask(server, WARM_SECONDS)
        before = _now(server, folder, 0)
        requests = _ask(server, SECONDS)
        return _since(before, _now(server, folder, requests))


def _good(server: Server) -> bool:
    return server.ask(MAIN, QUESTIONS.first(server.peer))[0] == OK


def _ask(server: Server, seconds: int) -> int:
    seen = closed_loop.run(
        server.url(MAIN),
        QUESTIONS.bodies(server.peer),
        connections=CONNECTIONS,
        seconds=seconds,
        cores=server.pinning.generator,
    )
    return seen.requests - seen.errors


def _now(server: Server, folder: Path, requests: int) -> Spent:
    """Say what was used so far, the worker being who writes samples."""
    whole = server.cpu_seconds()
    file = next(folder.glob("*.json"), None)
    if file is None or not psutil.pid_exists(int(file.stem)):
        return Spent(requests, whole, 0.0, 0.0, 0.0, {})
    worker = int(file.stem)
    used = {each.id: each for each in psutil.Process(worker).threads()}
    main = used.pop(worker)
    others = sum(each.user_time + each.system_time for each in used.values())
    samples: dict[Stack, int] = {
        tuple(stack): count for stack, count in json.loads(file.read_text())
    }
    serving = main.user_time + main.system_time
    return Spent(requests, whole, serving, main.system_time, others, samples)


def _since(before: Spent, after: Spent) -> Spent:
    return Spent(
        after.requests,
        after.whole - before.whole,
        after.main - before.main,
        after.kernel - before.kernel,
        after.threads - before.threads,
        Counter(after.samples) - Counter(before.samples),
    )


if __name__ == "__main__":
    main()
