"""All rounds: in each, every peer in turn, so that a slow minute of the machine hits them all."""

import contextlib
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from benchmarks import environment, plan, versions
from benchmarks.judge import Judge, WrongAnswerError
from benchmarks.measure import OK, Session
from benchmarks.peer import TABENTO, Peer
from benchmarks.questions import Questions
from benchmarks.results import Results, Start
from benchmarks.server import Server, StartError
from benchmarks.workload import MAIN, Workload

FAILURES = (StartError, WrongAnswerError, subprocess.CalledProcessError)


@dataclass(frozen=True)
class Contest:
    """Who, what, how often and how long."""

    peers: tuple[Peer, ...]
    workloads: tuple[Workload, ...]
    rounds: int
    seconds: int
    env: dict[str, str]
    results: Results

    @cached_property
    def judge(self) -> Judge:
        return Judge.ask(self.env)

    def run(self) -> None:
        """Fill `results`. A peer that fails is told of and left out from then on."""
        open_files()
        say("asking the estimators in process")
        self.results.in_process = self.judge.times
        for number in range(1, self.rounds + 1):
            shift = number - 1
            for peer in (*self.peers[shift:], *self.peers[:shift]):
                if peer.name not in self.results.failures:
                    self.turn(number, peer)

    def turn(self, number: int, peer: Peer) -> None:
        try:
            for workers, workloads in plan.sessions(peer, number, self.workloads):
                self.session(number, peer, workers, workloads)
        except FAILURES as error:
            if peer is TABENTO:
                raise
            self.results.failures[peer.name] = _public(error)
            say(f"  {peer.name} is out: {error}")

    def session(self, number: int, peer: Peer, workers: int, workloads: list[Workload]) -> None:
        with Server(peer, workers, self.env, self.good) as server:
            self.results.starts.append(
                Start(number, peer.name, workers, server.start_seconds, server.rss_bytes() / 2**20)
            )
            say(f"round {number}, {peer.title}: started in {server.start_seconds:.1f} s")
            session = Session(server, number, self.seconds, self.judge)
            for workload in plan.different(workloads):
                session.verify(workload)
            for workload in workloads:
                if workload is not workloads[0]:
                    session.settle(workload)
                found = session.measure(workload)
                server.require_running()
                self.results.measurements.append(found)
                say(
                    f"  {workload.name:26} {found.rate:9.0f}/s  p50 {found.p50 or 0:8.2f} ms"
                    f"  cpu {found.cpu_us or 0:7.0f} µs  errors {found.errors}"
                )

    def good(self, server: Server) -> bool:
        """Ask one question of the main model."""
        questions = Questions(MAIN, "single")
        status, answer = server.ask(MAIN, questions.first(server.peer))
        return status == OK and self.judge.right(server.peer, questions, 0, answer)


def prepare(peers: tuple[Peer, ...], results: Results) -> Iterator[Peer]:
    """Install who is not installed yet; yield those who are."""
    for peer in peers:
        try:
            environment.programs(peer.folder)
            found = environment.libraries(peer.folder)
            results.facts["versions"][peer.name] = found[peer.library]
            results.facts["libraries"][peer.name] = versions.that_matter(peer, found)
        except environment.InstallError as error:
            results.failures[peer.name] = _public(error)
            say(f"{peer.name} can not be installed: {error}")
        else:
            yield peer


def _public(error: Exception) -> str:
    """Keep of a failure what may be published: no log, no paths of this machine."""
    return str(error).partition("; its log")[0].replace(str(environment.ROOT), ".")


def open_files() -> None:
    """Every connection is a file, here and in each server."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 16_384 if hard == resource.RLIM_INFINITY else min(hard, 16_384)
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def say(text: str) -> None:
    """Tell the one who waits."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
