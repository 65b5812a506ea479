"""A running peer: started, watched and stopped together with every process it starts."""

import http.client
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

import psutil

from benchmarks import environment
from benchmarks.machine import Pinning, pinned
from benchmarks.peer import Peer

START_SECONDS = 180.0
# Nothing is measured any more: who still works on what a crowd left behind is not waited for.
STOP_SECONDS = 10.0
# More threads than one make a small batch slower. Tabento sets this itself; its peers get it too.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class StartError(RuntimeError):
    """The peer does not answer rightly; the text says how and shows the end of its log."""


class Server:
    """Runs a peer while it is entered.

    Args:
        peer: Whom.
        workers: How many worker processes.
        env: What it is told beyond the peer's own settings.
        good: Asks it one question at a port; true when the answer is right.
    """

    def __init__(
        self, peer: Peer, workers: int, env: dict[str, str], good: Callable[["Server"], bool]
    ) -> None:
        self.peer = peer
        self.workers = workers
        self.pinning = Pinning.of(workers)
        self.start_seconds = 0.0
        self._env = env
        self._good = good
        self._log = environment.work_folder("logs") / f"{peer.name}.log"

    def __enter__(self) -> Self:
        # What a peer leaves behind goes with this folder. Sockets in it need a short path.
        # mkdtemp makes it new and private, whatever else is in /tmp.
        self._temporary = tempfile.mkdtemp(prefix="bench", dir="/tmp")  # nosec B108
        self.port, *others = free_ports(3)
        pool = self.workers if self.workers > 1 else 0
        places = {"port": self.port, "workers": self.workers, "pool": pool}
        places |= {f"port{number}": port for number, port in enumerate(others, 1)}
        program, *arguments = [word.format(**places) for word in self.peer.command]
        command = [str(environment.programs(self.peer.folder) / program), *arguments]
        started = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*pinned(self.pinning.server), *command],
                cwd=environment.ROOT,
                env=self._environment(places),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._root = psutil.Process(self._process.pid)
        try:
            self._wait(started)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def url(self, model: str) -> str:
        return f"http://127.0.0.1:{self.port}{self.peer.path.format(model=model)}"

    def ask(self, model: str, body: bytes) -> tuple[int, bytes]:
        """Ask once, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            path = self.peer.path.format(model=model)
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def require_running(self) -> None:
        """Say so when it has ended: the zeros measured since then are no speed.

        Raises:
            StartError: it has.
        """
        if self._process.poll() is not None:
            self._fail(f"ended with {self._process.returncode} while it was measured")

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far, those that have ended included."""
        return sum(_each(self._tree(), _cpu))

    def rss_bytes(self) -> float:
        """Resident memory, summed; what processes share is counted in each."""
        return sum(_each(self._tree(), lambda process: process.memory_info().rss))

    def _environment(self, places: dict[str, int]) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("TABENTO_")}
        return {
            **kept,
            **self._env,
            **ONE_THREAD,
            "PYTHONPATH": str(environment.ROOT),
            **{key: value.format(**places) for key, value in self.peer.env.items()},
            "TMPDIR": self._temporary,
            "BENTOML_DO_NOT_TRACK": "True",
            "BENCH_PORT": str(self.port),
            "BENCH_WORKERS": str(self.workers),
        }

    def _wait(self, started: float) -> None:
        while not self._answers():
            if self._process.poll() is not None:
                self._fail(f"ended with {self._process.returncode}")
            if time.perf_counter() - started > START_SECONDS:
                self._fail(f"gave no right answer in {START_SECONDS:.0f} s")
            time.sleep(0.02)
        self.start_seconds = time.perf_counter() - started

    def _answers(self) -> bool:
        try:
            return self._good(self)
        except (OSError, http.client.HTTPException):
            return False

    def _fail(self, what: str) -> NoReturn:
        msg = f"{self.peer.name} {what}; its log ends with: {tail(self._log)}"
        raise StartError(msg)

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def _stop(self) -> None:
        """Ask the first process to end, then make sure that none of its tree is left."""
        tree = self._tree()
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # Whose parent has ended already is found in the first list alone.
            tree = list({*tree, *self._tree()})
        for process in tree:
            _end(process)
        psutil.wait_procs(tree, timeout=5)
        self._process.wait()
        shutil.rmtree(self._temporary, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Find ports on the loopback interface that nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def tail(log: Path, characters: int = 1_500) -> str:
    return log.read_text(errors="replace")[-characters:]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _each(tree: list[psutil.Process], measure: Callable[[psutil.Process], float]) -> list[float]:
    found = []
    for process in tree:
        try:
            found.append(measure(process))
        except psutil.NoSuchProcess:
            continue
    return found


def _end(process: psutil.Process) -> None:
    # psutil remembers when a process began: another one under the same number is left alone.
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return
