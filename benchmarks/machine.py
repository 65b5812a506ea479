"""The machine: what it is, and which cores serve and which ask."""

import os
import platform
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pinning:
    """Cores for the server and for the load generator; empty where they can not be kept apart."""

    server: tuple[int, ...]
    generator: tuple[int, ...]

    @classmethod
    def of(cls, workers: int) -> "Pinning":
        """One core a worker; what is left is the generator's."""
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        if shutil.which("taskset") is None or len(cores) <= workers:
            return cls((), ())
        return cls(tuple(cores[:workers]), tuple(cores[workers:]))

    def __str__(self) -> str:
        if not self.server:
            return "server and load generator share all cores"
        return (
            f"server on core {_list(self.server)}, load generator on core {_list(self.generator)}"
        )


def _list(cores: tuple[int, ...]) -> str:
    return ", ".join(map(str, cores))


def pinned(cores: tuple[int, ...]) -> list[str]:
    """Give the words that go before a command to keep it, and its children, on some cores."""
    return ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []


def facts() -> dict[str, str]:
    return {
        "cpu": _cpu(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
