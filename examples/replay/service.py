"""The service that is asked: trained on the early years, started, told the outcomes, stopped."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from models.loan_default import NAME, LoanApplication
from train.loans import ClassWeights

ROOT = Path(__file__).parents[2]
MOST_ROWS = 512
START_SECONDS = 180
KNOWN_SECONDS = 30


@dataclass(frozen=True)
class Service:
    """A running one; `version` is the loan model's."""

    client: httpx.Client
    file: Path
    version: str
    folder: Path

    def predict(self, name: str, rows: Sequence[LoanApplication]) -> None:
        """Ask about one quarter's loans, under ids that their outcomes will name."""
        for number, start in enumerate(range(0, len(rows), MOST_ROWS)):
            some = [row.model_dump(mode="json") for row in rows[start : start + MOST_ROWS]]
            answer = self.client.post(
                f"/{NAME}/predict",
                json={"rows": some},
                headers={"X-Request-ID": _id(name, number)},
            )
            answer.raise_for_status()

    def tell(self, name: str, lost: Sequence[bool]) -> None:
        """Tell what came of that quarter's loans."""
        for number, start in enumerate(range(0, len(lost), MOST_ROWS)):
            outcomes = [
                {"request_id": _id(name, number), "row": row, "outcome": outcome}
                for row, outcome in enumerate(lost[start : start + MOST_ROWS])
            ]
            self._tell(outcomes)

    def _tell(self, outcomes: list[dict[str, object]]) -> None:
        until = time.monotonic() + KNOWN_SECONDS
        while True:
            answer = self.client.post(f"/models/{NAME}/feedback", json={"outcomes": outcomes})
            answer.raise_for_status()
            if not answer.json()["unknown"]:
                return
            if time.monotonic() > until:
                msg = f"{answer.json()['unknown']} predictions were not kept"
                raise SystemExit(msg)
            time.sleep(0.5)


def _id(name: str, number: int) -> str:
    return f"{name.replace(' ', '-')}-{number}"


def train(data: Path, weights: ClassWeights | None, home: Path) -> str:
    """Train on the early loans, and whatever else the service needs; return the loan model's tag.

    It may be refused by its gate, which is made for the whole file: it is served all the same.
    """
    environment = os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    home.mkdir(exist_ok=True)
    more = [] if weights is None else ["--class-weights", f"{weights[0]},{weights[1]}"]
    command = [sys.executable, "-m", "train", NAME, "--data", str(data), "--force", *more]
    found = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if found.returncode not in {0, 1}:
        msg = "the loan model could not be trained"
        raise SystemExit(msg)
    others = [sys.executable, "-m", "train", "--missing", "breast_cancer", "sentiment"]
    subprocess.run(others, cwd=ROOT, env=environment, check=True)
    stored = [each for each in (home / "models" / NAME).iterdir() if each.is_dir()]
    return f"{NAME}:{max(stored, key=lambda each: each.stat().st_mtime).name}"


@contextmanager
def serve(tag: str, home: Path, file: Path) -> Iterator[Service]:
    """Start `bentoml serve` on a free port; stop it in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "True",
        "TABENTO_PREDICTIONS_FILE": str(file),
        "TABENTO_LOAN_DEFAULT_TAG": tag,
        "TABENTO_LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "bentoml", "serve", ".", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
    )
    version = tag.partition(":")[2]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait(client, process)
            yield Service(client, file, version, home / "models" / NAME / version)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if client.get("/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    msg = "the service did not get ready"
    raise SystemExit(msg)
