"""Bad input: what is sent, and what comes back."""

import gzip
import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from benchmarks.robustness.side import GOOD, Running

FIELD = "mean_radius"
MEBIBYTE = 2**20
MARKER = "Marker-of-a-person"


def body(*rows: Any, **more: Any) -> bytes:
    return json.dumps({"rows": rows, **more}).encode()


def with_value(text: str) -> bytes:
    """Make a body in which one number is another text."""
    return body(GOOD | {FIELD: "here"}).replace(b'"here"', text.encode())


def _status(content: bytes, **headers: str) -> Callable[[Running], str]:
    return lambda running: str(running.post(content, **headers).status_code)


def timed(content: bytes) -> Callable[[Running], str]:
    def probe(running: Running) -> str:
        started = time.perf_counter()
        status = running.post(content).status_code
        return f"{status} in {(time.perf_counter() - started) * 1e3:.0f} ms"

    return probe


def large(running: Running) -> str:
    """Send 50 MB, and look at what it does to the memory."""
    before = running.rss()
    most = before
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(_send, running, b'{"rows": [' + b" " * 50_000_000 + b"]}")
        while not asked.done():
            most = max(most, running.rss())
            time.sleep(0.005)
    return f"{asked.result()}, memory +{(most - before) / MEBIBYTE:.0f} MiB"


def _send(running: Running, content: bytes) -> str:
    try:
        return str(running.post(content).status_code)
    except httpx.TransportError:
        return "connection closed"


def pickle(running: Running) -> str:
    """Send a pickle that would make a file, in a folder of its own; nothing else comes of it."""
    with tempfile.TemporaryDirectory() as folder:
        canary = Path(folder) / "canary"
        content = f"cos\nmkdir\n(V{canary}\ntR.".encode()
        status = running.post(content, Content_Type="application/vnd.bentoml+pickle").status_code
        return f"{status}, {'executed' if canary.exists() else 'not executed'}"


def poisoned(running: Running) -> str:
    """Ask 31 good questions and one with an infinite number, all at once, five times."""
    bodies = [body(GOOD)] * 15 + [with_value("1e999")] + [body(GOOD)] * 16
    good = 0
    with ThreadPoolExecutor(32) as pool:
        for _ in range(5):
            statuses = list(pool.map(lambda each: running.post(each).status_code, bodies))
            good += sum(status == httpx.codes.OK for status in statuses[:15] + statuses[16:])
    return f"{good} of 155 good ones answered"


def logged(running: Running) -> str:
    """Send an invalid value that could be somebody's name, and look for it in the log."""
    running.post(body(GOOD | {FIELD: MARKER}))
    time.sleep(1.5)
    return "in the log" if MARKER in running.log.read_text() else "not in the log"


def shapes(running: Running) -> str:
    """Look at the keys of the bodies that say 400, 404, 405 and 415."""
    answers = [
        running.post(b"{}"),
        httpx.post(running.url + "/nowhere"),
        httpx.get(running.url + running.side.path),
        running.post(b"a", Content_Type="application/vnd.bentoml+pickle"),
    ]
    return f"{len({_keys(answer) for answer in answers})} form(s) of error body"


def _keys(answer: httpx.Response) -> str:
    try:
        content = answer.json()
    except ValueError:
        return "text"
    return str(sorted(content)) if isinstance(content, dict) else type(content).__name__


def scanned(running: Running) -> str:
    """Ask 100 paths that do not exist, and count the lines that `/metrics` grew by."""
    before = len(httpx.get(running.url + "/metrics").text.splitlines())
    for number in range(100):
        running.get(f"/scan/{number}")
    after = len(httpx.get(running.url + "/metrics").text.splitlines())
    return f"+{after - before} lines"


PROBES: dict[str, Callable[[Running], str]] = {
    "a good row": _status(body(GOOD)),
    '`"17.9"` for a number': _status(with_value('"17.9"')),
    "`true` for a number": _status(with_value("true")),
    "unknown key in a row": _status(body(GOOD | {"unknown": 1})),
    "unknown key beside the rows": _status(body(GOOD, unknown=1)),
    "`NaN` for a number": _status(with_value("NaN")),
    "`1e999` for a number": _status(with_value("1e999")),
    "the same key twice": _status(with_value(f'17.9, "{FIELD}": 18')),
    "nesting 100,000 deep": timed(b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "an integer of 5,000 digits": timed(with_value("9" * 5_000)),
    "`text/plain`": _status(body(GOOD), Content_Type="text/plain"),
    "gzip": _status(gzip.compress(body(GOOD)), Content_Encoding="gzip"),
    "a pickle with a canary": pickle,
    "a body of 50 MB": large,
    "one row that breaks the model, among 31": poisoned,
    "error bodies of 400, 404, 405, 415": shapes,
    "an invalid value": logged,
    "100 paths that do not exist": scanned,
}
