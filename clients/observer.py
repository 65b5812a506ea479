"""What a service does to its machine while something happens to it, looked at once a second."""

import http.client
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult

import psutil

PROBES = ("/livez", "/readyz")
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Sample:
    """One look: memory and descriptors of all its processes, and how its probes answered.

    `memory` is in bytes and the processes' own: pages of files are the kernel's to take and give.
    `probes` gives status and seconds by path; status 0 is no answer within five seconds.
    """

    at: float
    memory: int
    descriptors: int
    processes: int
    probes: dict[str, tuple[int, float]]


class Observer:
    """Looks at a service while it is entered.

    Args:
        url: Of the service.
        pid: Of its first process.
        every: Seconds between two looks.
    """

    def __init__(self, url: SplitResult, pid: int, every: float = 1.0) -> None:
        self.samples: list[Sample] = []
        self._address = (url.hostname or "", url.port or 80)
        self._root = psutil.Process(pid)
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(30)

    def _work(self) -> None:
        while not self._over.wait(self._every):
            with suppress(psutil.NoSuchProcess):
                self.samples.append(self.look())

    def look(self) -> Sample:
        """Take one sample.

        Raises:
            psutil.NoSuchProcess: the service has ended.
        """
        family = [self._root, *self._root.children(recursive=True)]
        memory = descriptors = 0
        for process in family:
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                memory += own(process)
                descriptors += process.num_fds()
        probes = {path: probe(self._address, path) for path in PROBES}
        return Sample(time.monotonic(), memory, descriptors, len(family), probes)

    def slowest_probe(self) -> float:
        """Seconds that the slowest probe took."""
        return max(seconds for each in self.samples for _, seconds in each.probes.values())

    def slow_probes(self, seconds: float) -> float:
        """Which part of the probes took longer."""
        times = [taken for each in self.samples for _, taken in each.probes.values()]
        return sum(taken > seconds for taken in times) / len(times)

    def probe_statuses(self) -> set[int]:
        """Every status that a probe had."""
        return {status for each in self.samples for status, _ in each.probes.values()}


def own(process: psutil.Process) -> int:
    """Bytes of resident memory that are no pages of files."""
    told = process.memory_info()
    return int(told.rss - getattr(told, "shared", 0))


def probe(address: tuple[str, int], path: str) -> tuple[int, float]:
    """Ask a probe once on a connection of its own: status, 0 for no answer, and seconds."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection(*address, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        status = response.status
    except (OSError, http.client.HTTPException):
        status = 0
    finally:
        connection.close()
    return status, time.perf_counter() - started


def slope(samples: Sequence[Sample], warm_up: float = 0.2) -> float:
    """Memory that comes to stay, in MiB a minute: least squares, without the first `warm_up`."""
    kept = samples[int(len(samples) * warm_up) :]
    minutes = [sample.at / 60 for sample in kept]
    sizes = [sample.memory / MEBIBYTE for sample in kept]
    middle, mean = sum(minutes) / len(kept), sum(sizes) / len(kept)
    spread = sum((minute - middle) ** 2 for minute in minutes)
    both = zip(minutes, sizes, strict=True)
    return sum((minute - middle) * (size - mean) for minute, size in both) / spread
