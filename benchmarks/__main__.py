"""`python -m benchmarks`: Tabento against its peers. See docs/benchmarks.md for what came of it."""

import argparse
import shlex
import signal
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import closed_loop, environment, machine, plan, questions, report, store
from benchmarks.contest import Contest, prepare, say
from benchmarks.judge import WrongAnswerError
from benchmarks.machine import Pinning
from benchmarks.peer import PEERS, TABENTO, Peer
from benchmarks.results import Results
from benchmarks.server import StartError
from benchmarks.store import Stored
from benchmarks.workload import WORKLOADS, Workload

REFUSALS = (
    closed_loop.NoLoadGeneratorError,
    environment.BusyError,
    store.NoModelError,
    StartError,
    WrongAnswerError,
)
ROUNDS, SECONDS = 3, 2
QUICK_ROUNDS, QUICK_SECONDS = 1, 1


def main() -> int:
    """Measure, or with --report only write anew what was measured."""
    options = _arguments().parse_args()
    # So that servers are stopped when somebody stops the benchmark.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    if options.report:
        _write(Results.read(options.report), options.report.parent, docs=options.docs)
        return 0
    try:
        closed_loop.require()
        with environment.alone():
            _measure(options, store.copied(store.newest()))
    except REFUSALS as error:
        say(str(error))
        return 1
    return 0


def _measure(options: argparse.Namespace, stored: list[Stored]) -> None:
    """Fill results, and write them even when somebody stops it half-way."""
    questions.forget()
    results = Results(_facts(options, stored))
    peers = tuple(prepare(_peers(options), results))
    contest = Contest(
        peers=peers,
        workloads=_workloads(options),
        rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
        seconds=options.seconds or (QUICK_SECONDS if options.quick else SECONDS),
        env=store.environment(stored),
        results=results,
    )
    expected = plan.seconds(peers, contest.workloads, contest.rounds, contest.seconds)
    say(f"it will take about {expected / 60:.0f} minutes")
    done = False
    try:
        contest.run()
        done = True
    finally:
        results.facts["ended"] = _now()
        _write(results, options.output, docs=options.docs and done)


def _write(results: Results, output: Path, *, docs: bool) -> None:
    output.mkdir(parents=True, exist_ok=True)
    results.write(output / "results.json")
    (output / "benchmarks.md").write_text(report.page(results))
    (output / "benchmarks.svg").write_text(report.picture(results))
    say(f"written: {output}/results.json, benchmarks.md, benchmarks.svg")
    if docs:
        folder = environment.ROOT / "docs"
        folder.mkdir(exist_ok=True)
        (folder / "benchmarks.md").write_text(report.page(results))
        (folder / "benchmarks.svg").write_text(report.picture(results))
        say("written: docs/benchmarks.md, docs/benchmarks.svg")


def _facts(options: argparse.Namespace, stored: list[Stored]) -> dict[str, object]:
    return {
        "command": _command(options),
        "quick": options.quick,
        "started": _now(),
        "machine": machine.facts(),
        "pinning": {str(workers): str(Pinning.of(workers)) for workers in (1, 2)},
        "models": [each.facts() for each in stored],
        "versions": {},
        "libraries": {},
    }


def _command(options: argparse.Namespace) -> str:
    """Say what was asked for; where it was written to is nobody's business."""
    words = ["python", "-m", "benchmarks", *(["--quick"] if options.quick else [])]
    for name in ("peers", "workloads", "rounds", "seconds"):
        value = getattr(options, name)
        if value:
            words += [f"--{name}", ",".join(value) if isinstance(value, list) else str(value)]
    return shlex.join(words)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _peers(options: argparse.Namespace) -> tuple[Peer, ...]:
    wanted = options.peers
    if wanted:
        return tuple(peer for peer in PEERS if peer is TABENTO or peer.name in wanted)
    return tuple(peer for peer in PEERS if peer.quick or not options.quick)


def _workloads(options: argparse.Namespace) -> tuple[Workload, ...]:
    if options.workloads:
        return tuple(each for each in WORKLOADS if each.name in options.workloads)
    return tuple(each for each in WORKLOADS if each.quick or not options.quick)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--quick", action="store_true", help="one round, the main workloads, some minutes")
    add("--peers", type=partial(_names, [each.name for each in PEERS]), help="some, by name: a,b")
    add(
        "--workloads",
        type=partial(_names, [each.name for each in WORKLOADS]),
        help="some, by name: a,b",
    )
    add("--rounds", type=int, help=f"default {ROUNDS}, quick {QUICK_ROUNDS}")
    add("--seconds", type=int, help=f"a measurement; default {SECONDS}, quick {QUICK_SECONDS}")
    add("--output", type=Path, default=environment.WORK / "results", help="a folder")
    add("--docs", action="store_true", help="write docs/benchmarks.md as well")
    add("--report", type=Path, metavar="FILE", help="measure nothing: report this results.json")
    return parser


def _names(known: list[str], text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        msg = f"unknown: {', '.join(unknown)}; known: {', '.join(known)}"
        raise argparse.ArgumentTypeError(msg)
    return names


if __name__ == "__main__":
    sys.exit(main())
