"""Evidently's report beside ours. It needs older libraries, so it has an environment of its own.

The artifact holds the bins of training and no row of it, so a period is compared with the rows that
were kept before it.
"""

import csv
import json
import os
import subprocess
import tempfile
from pathlib import Path

from monitoring.kept import Kept, Period
from monitoring.period import Asked

ENVIRONMENT = Path(__file__).parents[1] / ".evidently"
JOB = Path(__file__).with_name("evidently_job.py")
# Its time and page grow with the rows: 50,000 take a quarter of a minute and 5 MB.
MOST_ROWS = 20_000
TIMEOUT_SECONDS = 600


class EvidentlyError(Exception):
    """It can not be run; the text says why and what to do."""


def report(asked: Asked, kept: Kept, stem: Path) -> Path:
    """Write Evidently's page and JSON; return the page.

    Raises:
        EvidentlyError: its environment is not there, there is nothing to compare, or it failed.
    """
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        msg = f"{ENVIRONMENT.name}/, the environment of Evidently, is not there: `make evidently`"
        raise EvidentlyError(msg)
    name = asked.contract.NAME
    before = kept.period(name, asked.version, 0, asked.since)
    current = kept.period(name, asked.version, asked.since, asked.until)
    if not len(before.scores) or not len(current.scores):
        msg = (
            "Evidently compares a period with the rows kept before it, and one of them has none: "
            "choose another --since"
        )
        raise EvidentlyError(msg)
    page = stem.with_name(f"{stem.name}-evidently")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, each) for each in ("baseline.csv", "current.csv")]
        _export(before, files[0])
        _export(current, files[1])
        # -I: or our own evidently.py beside the job would be what it imports.
        _run([str(python), "-I", str(JOB), *map(str, files), str(page.resolve())])
    return page.with_name(f"{page.name}.html")


def _export(period: Period, file: Path) -> None:
    """The last rows of a period, with their scores."""
    fields = [json.loads(each) for each in period.fields[-MOST_ROWS:]]
    scores = period.scores[-MOST_ROWS:].tolist()
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, [*fields[0], "score"])
        writer.writeheader()
        writer.writerows({**row, "score": score} for row, score in zip(fields, scores, strict=True))


def _run(command: list[str]) -> None:
    environment = {**os.environ, "DO_NOT_TRACK": "1"}
    try:
        done = subprocess.run(  # noqa: S603 - our own file, in an environment of the project's
            command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, env=environment,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"Evidently could not be run: {error}"
        raise EvidentlyError(msg) from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        msg = f"Evidently failed: {last[0]}"
        raise EvidentlyError(msg)
