"""Send years of loans through a running service, tell it the outcomes late, draw the alarms."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from examples.replay import loans, service
from examples.replay.alarms import NAMES, Rung, Span, Watcher
from examples.replay.loans import Quarter
from examples.replay.picture import Truth, draw
from examples.replay.service import Service
from models import loan_default
from monitoring.kept import Kept
from monitoring.reference import read
from train.options import _class_weights
from train.source import SourceError

LATE = 16
"""Quarters: half of the charged-off loans of 2003 to 2007 were so 3.9 years after approval."""
YEAR = 4


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 2 where the file can not be used."""
    asked = _parser().parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="tabento-replay-") as folder:
            _replay(asked, Path(folder))
    except SourceError as error:
        sys.stderr.write(f"python -m examples.replay: {error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m examples.replay", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="FILE", help="the national SBA file")
    add("--class-weights", type=_class_weights, metavar="PAID,CHARGED_OFF", help="as for training")
    add("--learn", type=_years, default=(1999, 2002), metavar="FROM-TO", help="1999-2002")
    add("--send", type=_years, default=(2003, 2010), metavar="FROM-TO", help="2003-2010")
    add("--late", type=int, default=LATE, help=f"quarters until an outcome is told, {LATE}")
    add("--seed", type=int, default=0, help="of the drawing of loans")
    add("--out", type=Path, default=Path("reports/replay"), metavar="STEM", help="of the files")
    return parser


def _years(text: str) -> tuple[int, int]:
    first, last = (int(part) for part in text.split("-"))
    return first, last


def _replay(asked: argparse.Namespace, folder: Path) -> None:
    early, home = folder / "early.csv", folder / "home"
    loans.cut(asked.data, asked.learn, early)
    sent = list(loans.quarters(asked.data, asked.send, asked.class_weights, asked.seed))
    tag = service.train(early, asked.class_weights, home)
    with service.serve(tag, home, folder / "predictions.db") as running:
        spans, rungs = _stream(running, sent, asked.late)
        truths = _truths(running, sent, spans)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    draw(truths, rungs, asked.late, asked.out.with_suffix(".svg"))
    _say(truths, rungs, asked.out.with_suffix(".json"))


def _stream(running: Service, sent: list[Quarter], late: int) -> tuple[list[Span], list[Rung]]:
    """Quarter by quarter: what is asked, what is told, and which alarms ring then."""
    reference = read(running.folder, loan_default)
    if reference is None:
        msg = "the loan model has no reference.json of this form"
        raise SystemExit(msg)
    spans: list[Span] = []
    rungs: list[Rung] = []
    watcher = Watcher(Kept(running.file), running.version, reference)
    for now in range(len(sent) + late):
        if now < len(sent):
            started = time.time()
            running.predict(sent[now].name, sent[now].rows)
            spans.append((started, time.time()))
        told = now - late
        if 0 <= told < len(sent):
            running.tell(sent[told].name, sent[told].lost)
        if now < len(sent) and now < late:
            time.sleep(1.2)  # until the service has written what was just answered
        approved = _last_year(spans, now) if now < len(sent) else None
        rungs.append(watcher.look(sent[0].start + (now + 1) / 4, approved, _last_year(spans, told)))
    return spans, rungs


def _last_year(spans: list[Span], last: int) -> Span | None:
    """From the start of three quarters before to the end of this one."""
    if not YEAR - 1 <= last < len(spans):
        return None
    return spans[last - YEAR + 1][0], spans[last][1]


def _truths(running: Service, sent: list[Quarter], spans: list[Span]) -> list[Truth]:
    kept = Kept(running.file)
    found = []
    for year, group in groupby(enumerate(sent), key=lambda each: int(each[1].start)):
        numbers = [number for number, _ in group]
        period = kept.period(
            loan_default.NAME, running.version, spans[numbers[0]][0], spans[numbers[-1]][1]
        )
        lost = [each for number in numbers for each in sent[number].lost]
        rate, mean = float(np.mean(lost)), float(period.scores.mean())
        found.append(Truth(year, len(lost), rate, mean))
    return found


def _say(truths: list[Truth], rungs: list[Rung], file: Path) -> None:
    """Print both tables, and write all of it as JSON."""
    write = sys.stdout.write
    write("year   loans  charged off  mean prediction\n")
    for each in truths:
        write(f"{each.year}  {each.rows:6}  {each.rate:11.3f}  {each.mean:15.3f}\n")
    for name in NAMES:
        known = [each for each in rungs if each.alarms[name] is not None]
        rang = [each.when for each in known if each.alarms[name]]
        first = f"first at {rang[0]:.2f}" if rang else "never"
        write(f"{name:32} rings in {len(rang):2} of {len(known):2} quarters, {first}\n")
    content = {
        "years": [each.__dict__ for each in truths],
        "quarters": [each.__dict__ for each in rungs],
    }
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
