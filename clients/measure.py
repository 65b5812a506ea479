"""How long one client waits: requests one after the other, over one kept-alive connection.

Every answer is read and checked, and only right ones are timed: an error is no fast answer.
Exit code 0: all answers were right; 1: some were not; 2: nothing listens at the URL.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice, repeat
from typing import Any
from urllib.parse import urlsplit

from clients import contracts
from clients.answer import AnswerError, Checker
from clients.connection import Connection, NoAnswerError, address
from clients.percentile import percentile
from clients.request import Request, path, requests
from models._contract import MAX_ROWS

URL = "http://127.0.0.1:3000"
DIFFERENT = 32  # requests are made beforehand and sent in turn
MOST_LOST = 5  # requests in a row without any answer: the rest is not sent
LONGEST_WAIT = 86_400
SHARES = {"median": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}

Report = dict[str, Any]


@dataclass
class Measured:
    """What became of the requests; `times` are the milliseconds of right answers."""

    times: Counter[float] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    versions: set[str] = field(default_factory=set)
    lost: int = 0  # requests without any answer, in a row

    def ask(self, connection: Connection, checker: Checker, request: Request) -> None:
        """Send one request, and see what comes."""
        try:
            status, content, milliseconds = connection.post(path(request), request.body)
        except NoAnswerError as error:
            self.lost += 1
            self.statuses["none"] += 1
            self.faults[f"no answer: {error}"] += 1
            return
        self.lost = 0
        self.statuses[str(status)] += 1
        try:
            answer = checker.check(request, status, content)
        except AnswerError as error:
            self.faults[str(error)] += 1
            return
        self.versions.add(answer.version)
        self.times[round(milliseconds, 3)] += 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit codes are in the module's docstring."""
    asked = _parser().parse_args(arguments)
    connection = Connection(asked.url, asked.timeout)
    try:
        connection.open()
    except NoAnswerError as error:
        where = asked.url.geturl()
        sys.stderr.write(f"Nothing listens at {where} ({error}): start the service first.\n")
        return 2
    measured = measure(connection, asked)
    connection.close()
    report = _report(asked, connection, measured)
    sys.stdout.write((json.dumps(report, indent=2) if asked.json else _table(report)) + "\n")
    return 1 if measured.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m clients.measure",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = contracts.names()
    add = parser.add_argument
    add("url", nargs="?", type=address, default=urlsplit(URL), metavar="URL", help=f"default {URL}")
    add("--model", choices=names, default=names[0], help=f"which to ask, default {names[0]}")
    add(
        "--requests",
        type=_count,
        default=1000,
        metavar="N",
        help="how many are timed, default 1000",
    )
    add("--rows", type=_rows, default=1, metavar="N", help=f"in each request, 1 to {MAX_ROWS}")
    add("--warmup", type=_some, default=20, metavar="N", help="requests before those, default 20")
    add("--timeout", type=_wait, default=10, metavar="S", help="seconds to wait for an answer")
    add("--json", action="store_true", help="print JSON")
    return parser


def _some(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError
    return count


def _count(text: str) -> int:
    count = _some(text)
    if count < 1:
        raise ValueError
    return count


def _wait(text: str) -> float:
    seconds = float(text)
    # No wait at all, and none that ends, is no time-out; sockets take neither.
    if not 0 < seconds <= LONGEST_WAIT:
        raise ValueError
    return seconds


def _rows(text: str) -> int:
    rows = _count(text)
    if rows > MAX_ROWS:
        raise ValueError
    return rows


# argparse says "invalid <name> value".
_some.__name__, _count.__name__, _rows.__name__ = "count", "count", "count of rows"
_wait.__name__ = "number of seconds"


def measure(connection: Connection, asked: argparse.Namespace) -> Measured:
    """Warm up, then ask and time; `asked` is the command line."""
    sizes = repeat(asked.rows, min(DIFFERENT, asked.requests))
    turns = cycle(list(requests(contracts.find(asked.model), sizes)))
    checker = Checker()
    for count in (asked.warmup, asked.requests):
        measured = Measured()
        for request in islice(turns, count):
            measured.ask(connection, checker, request)
            if measured.lost == MOST_LOST:
                return measured
    return measured


def _report(asked: argparse.Namespace, connection: Connection, measured: Measured) -> Report:
    times = {name: percentile(measured.times, share) for name, share in SHARES.items()}
    return {
        "url": asked.url.geturl(),
        "model": asked.model,
        "versions": sorted(measured.versions),
        "requests": asked.requests,
        "rows": asked.rows,
        "right": measured.times.total(),
        "statuses": dict(measured.statuses),
        "faults": dict(measured.faults),
        "connections": connection.opened,
        "latency_ms": times,
        "p95_over_median": _ratio(times["p95"], times["median"]),
        "max_over_median": _ratio(times["max"], times["median"]),
    }


def _ratio(above: float | None, below: float | None) -> float | None:
    return round(above / below, 2) if above and below else None


def _table(report: Report) -> str:
    """Say the same to people."""
    times = report["latency_ms"]
    lines = [
        f"{report['model']} at {report['url']}, rows a request: {report['rows']}",
        f"right answers  {report['right']} of {report['requests']}",
        f"statuses       {_counts(report['statuses'])}",
    ]
    lines += [f"fault          {count} x {fault}" for fault, count in report["faults"].items()]
    if report["connections"] > 1:
        lines.append(f"connections    {report['connections']}: the server closed some")
    lines += [f"{name:<8} ms {time:11.3f}" for name, time in times.items() if time is not None]
    if report["p95_over_median"]:
        lines.append(f"p95 / median   {report['p95_over_median']}")
        lines.append(f"max / median   {report['max_over_median']}")
    return "\n".join(lines)


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{status}: {count}" for status, count in counted.items())


if __name__ == "__main__":
    sys.exit(main())
