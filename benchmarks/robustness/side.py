"""One of the two services: how it is started, asked and ended."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.server import free_ports
from models import breast_cancer

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
GOOD = breast_cancer.EXAMPLE[0].model_dump(mode="json", by_alias=True)


@dataclass(frozen=True)
class Side:
    """Which service.

    Args:
        name: Heading of its column.
        target: What `bentoml serve` is given.
        path: Of its prediction route.
        model: Pattern that finds its model's file in the store.
        home: Store that holds the model; copied for each start.
        limited: Setting that lets four requests in at once.
    """

    name: str
    target: str
    path: str
    model: str
    home: Path
    limited: Mapping[str, str]


@dataclass
class Running:
    """A started service, in a folder of its own."""

    side: Side
    process: subprocess.Popen[bytes]
    url: str
    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def post(self, content: bytes, **headers: str) -> httpx.Response:
        """Ask its prediction route."""
        fields = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return httpx.post(self.url + self.side.path, content=content, headers=fields, timeout=60)

    def get(self, path: str, seconds: float = 5) -> int:
        """Ask another route; 0 is no answer."""
        try:
            return httpx.get(self.url + path, timeout=seconds).status_code
        except httpx.TransportError:
            return 0

    def wait(self) -> bool:
        """Say whether it got ready, rather than ending or never answering."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            if self.get("/readyz") == httpx.codes.OK:
                return True
            time.sleep(0.1)
        return False

    def family(self) -> list[psutil.Process]:
        """All its processes."""
        root = psutil.Process(self.process.pid)
        return [root, *root.children(recursive=True)]

    def workers(self) -> list[psutil.Process]:
        """Those that answer."""
        found = []
        for each in self.family():
            with suppress(psutil.NoSuchProcess):
                if "worker.service" in " ".join(each.cmdline()):
                    found.append(each)
        return found

    def rss(self) -> int:
        """Resident memory of all its processes, in bytes."""
        return sum(each.memory_info().rss for each in self.family())


@contextmanager
def served(
    side: Side, settings: Mapping[str, str] | None = None, *, full: bool = False
) -> Iterator[Running]:
    """Start a service; `full` gives it a log that takes nothing. Nothing of it is left behind."""
    with started(side, settings, full=full) as running:
        if not running.wait():
            # A log that takes nothing is a device that can be read for ever.
            said = running.log.read_text()[-1_000:] if running.log.is_file() else "(no log)"
            msg = f"{side.name} did not get ready: {said}"
            raise RuntimeError(msg)
        yield running


@contextmanager
def started(
    side: Side,
    settings: Mapping[str, str] | None = None,
    *,
    full: bool = False,
    home: Path | None = None,
) -> Iterator[Running]:
    """Do the same without waiting for it."""
    folder = Path(tempfile.mkdtemp(prefix="robust", dir="/tmp"))
    shutil.copytree((home or side.home) / "models", folder / "home" / "models")
    (port,) = free_ports(1)
    log = folder / "log"
    if full:
        log.symlink_to("/dev/full")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TABENTO_")}
    own = {"BENTOML_HOME": str(folder / "home"), "BENTOML_DO_NOT_TRACK": "True"}
    command = ["bentoml", "serve", side.target, "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**kept, **own, **(settings or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Running(side, process, f"http://127.0.0.1:{port}", folder)
    try:
        yield running
    finally:
        _end(process)
        shutil.rmtree(folder, ignore_errors=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    family = []
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    if process.poll() is None:
        process.kill()
    process.wait()
