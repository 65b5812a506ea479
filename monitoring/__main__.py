"""Reports on what a model did: `python -m monitoring report MODEL`."""

import argparse
import importlib
import os
import re
import sqlite3
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from models._contract import AnyContract
from monitoring import evidently, promql
from monitoring.kept import Kept
from monitoring.page import page
from monitoring.period import Asked, PeriodReport, period_report
from monitoring.promql import PrometheusError
from monitoring.reference import FILE, Reference, read

UNUSABLE = 2
STORE = "TABENTO_PREDICTIONS_FILE"
SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)([mhdw])")
SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class UsageError(Exception):
    """What was asked can not be done; the text says why and what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 2 where there is nothing to report on."""
    asked = _parser().parse_args(arguments)
    try:
        _report(asked)
    except (UsageError, PrometheusError, evidently.EvidentlyError, sqlite3.Error) as error:
        sys.stderr.write(f"python -m monitoring: {error}\n")
        return UNUSABLE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m monitoring", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("report", help="write a page and JSON for a period").add_argument
    add("model", metavar="MODEL")
    add("--since", default="7d", help="a date and time, or how long ago: 90m, 24h, 7d (default)")
    add("--until", default="0m", help="the same; default now")
    add("--version", help="of the model; default the one that answered last")
    add("--store", type=Path, metavar="FILE", help=f"predictions file; default ${STORE}")
    add("--prometheus", metavar="URL", help="read there instead: no outcomes, but nothing kept")
    add("--reference", type=Path, metavar="FILE", help=f"{FILE}; default from the model store")
    add("--out", type=Path, default=Path("reports"), metavar="FOLDER", help="default reports/")
    add("--evidently", action="store_true", help="write Evidently's report too (make evidently)")
    return parser


def _report(asked: argparse.Namespace) -> None:
    contract, now = _contract(asked.model), time.time()
    since, until = _time(asked.since, now), _time(asked.until, now)
    if since >= until:
        msg = "--since should lie before --until"
        raise UsageError(msg)
    if asked.prometheus:
        wanted = _asked(asked, contract, asked.version, (since, until))
        written = promql.period_report(wanted, asked.prometheus)
        _write(written, asked.out)
        return
    kept = _kept(asked.store)
    version = asked.version or _last_version(kept, contract, since, until)
    wanted = _asked(asked, contract, version, (since, until))
    stem = _write(period_report(wanted, kept), asked.out)
    if asked.evidently:
        sys.stdout.write(f"{evidently.report(wanted, kept, stem)}\n")


def _asked(
    asked: argparse.Namespace, contract: AnyContract, version: str | None, span: tuple[float, float]
) -> Asked:
    if asked.reference is None:
        version, reference = _stored(contract, version)
    elif version is None:
        msg = "--reference with --prometheus needs --version as well"
        raise UsageError(msg)
    else:
        reference = _reference(asked.reference)
    return Asked(contract, version, reference, *span)


def _contract(name: str) -> AnyContract:
    names = sorted(file.stem for file in (Path(__file__).parents[1] / "models").glob("[a-z]*.py"))
    if name not in names:
        msg = f"there is no model {name}; there are {', '.join(names)}"
        raise UsageError(msg)
    contract: AnyContract = importlib.import_module(f"models.{name}")
    return contract


def _time(text: str, now: float) -> float:
    span = SPAN.fullmatch(text)
    if span:
        return now - float(span[1]) * SECONDS[span[2]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{text} is no time: write 2026-11-21, 2026-11-21T08:00 (UTC), or how long ago: 7d"
        raise UsageError(msg) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _kept(store: Path | None) -> Kept:
    file = store or (Path(os.environ[STORE]) if STORE in os.environ else None)
    if file is None:
        msg = f"name the predictions file (--store FILE or {STORE}), or --prometheus URL"
        raise UsageError(msg)
    if not file.exists():
        msg = f"there is no file {file}: is {STORE} set for the service?"
        raise UsageError(msg)
    return Kept(file)


def _last_version(kept: Kept, contract: AnyContract, since: float, until: float) -> str:
    versions = kept.versions(contract.NAME, since, until)
    if not versions:
        msg = f"{contract.NAME} answered nothing that was kept in this period"
        raise UsageError(msg)
    return next(iter(versions))


def _reference(file: Path) -> Reference:
    try:
        return Reference.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        msg = f"{file} is no reference of this form: {error}"
        raise UsageError(msg) from None


def _stored(contract: AnyContract, version: str | None) -> tuple[str, Reference]:
    """The version and its reference in the model store."""
    import bentoml  # noqa: PLC0415 - not needed where a file is named

    tag = f"{contract.NAME}:{version or 'latest'}"
    try:
        stored = bentoml.models.get(tag)
    except bentoml.exceptions.NotFound:
        msg = f"{tag} is not in the model store: name its {FILE} with --reference"
        raise UsageError(msg) from None
    found = read(Path(stored.path), contract)
    if found is None:
        msg = f"{tag} has no {FILE} of this form: train it again, or name one with --reference"
        raise UsageError(msg)
    return str(stored.tag.version), found


def _write(found: PeriodReport, folder: Path) -> Path:
    """Write both files, and say which."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{found.model}-{found.since:%Y%m%dT%H%M}-{found.until:%Y%m%dT%H%M}"
    stem.with_suffix(".html").write_text(page(found), encoding="utf-8")
    stem.with_suffix(".json").write_text(found.model_dump_json(indent=1), encoding="utf-8")
    sys.stdout.write(f"{stem}.html\n{stem}.json\n")
    return stem


if __name__ == "__main__":
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    sys.exit(main())
