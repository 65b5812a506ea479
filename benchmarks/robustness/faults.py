"""Faults: what is done to a service, and what becomes of it."""

import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.robustness.input import body
from benchmarks.robustness.side import GOOD, Running, Side, served, started
from clients.traffic import Ask, Traffic

PATIENCE = 15.0
# A worker that can not start is started anew after ten seconds: this is two or three of them.
START_PATIENCE = 45.0


def overload(side: Side) -> str:
    """Let four in at once, and come with twenty-four for five seconds."""
    with served(side, side.limited) as running:
        asks = [Ask(side.path, body(*[GOOD] * 256))]
        with Traffic(urlsplit(running.url), asks, clients=24) as traffic:
            time.sleep(5)
        tally = traffic.tally
        refused = sorted(set(tally.statuses) - {200})
        late = _retry_after(running, refused)
    return f"refused with {', '.join(map(str, refused))}{late}"


def _retry_after(running: Running, refused: list[int]) -> str:
    if not refused:
        return ""
    found: list[str | None] = []
    asks = [Ask(running.side.path, body(*[GOOD] * 256))]
    with Traffic(urlsplit(running.url), asks, clients=24):
        for _ in range(100):
            answer = running.post(body(GOOD))
            if answer.status_code in refused:
                found.append(answer.headers.get("Retry-After"))
                break
    return f", Retry-After: {found[0]}" if found and found[0] else ", no Retry-After"


def told_to_stop(side: Side) -> str:
    """Send SIGTERM, and ask whether it is ready, for five seconds at most."""
    with served(side) as running:
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        status = running.get("/readyz")
        running.process.wait(60)
        return f"/readyz {status or 'no answer'}, exit {running.process.returncode}"


def killed(side: Side) -> str:
    """Kill the worker, and ask until somebody answers."""
    with served(side) as running:
        (worker,) = running.workers()
        worker.kill()
        at = time.monotonic()
        while True:
            try:
                if running.post(body(GOOD)).status_code == httpx.codes.OK:
                    return f"answers again after {time.monotonic() - at:.1f} s"
            except httpx.TransportError:
                pass
            time.sleep(0.1)


def without_log(side: Side) -> str:
    """Give it a log that takes nothing."""
    with served(side, full=True) as running:
        statuses = {running.post(body(GOOD)).status_code for _ in range(5)}
        time.sleep(1.5)
        text = httpx.get(running.url + "/metrics").text
        lines = [x for x in text.splitlines() if x.startswith("tabento_dropped_log_records_total")]
        told = f"{float(lines[0].split()[-1]):.0f} lost lines counted" if lines else "not counted"
        return f"{statuses.pop() if len(statuses) == 1 else statuses}, {told}"


def slow_body(side: Side) -> str:
    """Send half a body and wait."""
    with served(side) as running:
        url = urlsplit(running.url)
        head = f"POST {side.path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        with socket.create_connection((url.hostname or "", url.port or 0), PATIENCE) as slow:
            slow.sendall(f'{head}Content-Length: 900\r\n\r\n{{"rows"'.encode())
            at = time.monotonic()
            try:
                answer = slow.recv(65_536)
            except TimeoutError:
                return f"still waiting after {PATIENCE:.0f} s"
            return f"{answer[9:12].decode()} after {time.monotonic() - at:.0f} s"


def without_model(side: Side) -> str:
    """Start it without its model."""
    with _spoilt(side) as (home, file):
        shutil.rmtree(file.parents[1])
        return _became(side, home)


def flipped(side: Side) -> str:
    """Flip one bit in the middle of its model's file."""
    with _spoilt(side) as (home, file):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        return _became(side, home)


def _became(side: Side, home: Path) -> str:
    with started(side, home=home) as running:
        until = time.monotonic() + START_PATIENCE
        while time.monotonic() < until and running.process.poll() is None:
            if running.get("/readyz", 1) == httpx.codes.OK:
                return f"ready, predicts {running.post(body(GOOD)).status_code}"
            time.sleep(0.2)
        if running.process.poll() is not None:
            return f"ends, exit {running.process.returncode}"
        return f"neither ready nor ended in {START_PATIENCE:.0f} s"


@contextmanager
def _spoilt(side: Side) -> Iterator[tuple[Path, Path]]:
    """Copy the store, for one to spoil; say where the model's file is."""
    with tempfile.TemporaryDirectory(prefix="robust", dir="/tmp") as folder:
        home = Path(folder)
        shutil.copytree(side.home / "models", home / "models")
        (file,) = (home / "models").glob(side.model)
        yield home, file


PROBES: dict[str, Callable[[Side], str]] = {
    "six times as many requests as are let in": overload,
    "SIGTERM": told_to_stop,
    "`kill -9` of the only worker": killed,
    "a log that takes nothing (`/dev/full`)": without_log,
    "half a body, and silence": slow_body,
    "start without the model": without_model,
    "start with one bit of the model's file flipped": flipped,
}
