"""Mixed: is every answer right when all models are asked at once, for few rows and for many?

    locust -f locustfiles/mixed.py --host http://127.0.0.1:3000 --headless

20 users for two minutes, one request a second each: any model, 1 to 512 rows, small requests more
often than large ones, and now and then a bad one that must be refused with status 400 and the
error body. One row in ten takes values from anywhere in their range, and the longest texts. Exit
code 1 if any answer was wrong or missing. Other numbers by Locust's own options (-u, -r, -t) and
these, each with its environment variable:

    --model NAME      LOAD_MODEL        which model, or `all` (default)
    --most-rows N     LOAD_MOST_ROWS    rows in the largest request (512)
    --bad-percent N   LOAD_BAD_PERCENT  bad requests among a hundred (5)
    --pace N          LOAD_PACE         requests a second and user, 0 for no pause (1)
    --give-up S       LOAD_GIVE_UP      seconds after which a request is unanswered (10)
"""

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

from locust import events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from clients.request import BadRequest, Request, bad_requests, path, requests
from locustfiles._caller import (
    DIFFERENT,
    Caller,
    asked,
    at_end,
    beforehand,
    chance,
    chosen,
    number_options,
    tally,
)
from models._contract import MAX_ROWS

WILD = 0.1
BRACKETS = (1, 8, 64, MAX_ROWS)  # requests are counted apart by their size, up to each of these


class MixedUser(Caller):
    """Asks for this and that, and is not always right."""

    @task
    def predict(self) -> None:
        options = asked(self.environment)
        if chance.random() * 100 < options.bad_percent:
            bad = chance.choice(_bad(options.model))
            self.ask(bad, f"{path(bad)} (bad: {bad.fault})")
        else:
            good = chance.choice(_good(options.model, options.most_rows))
            self.ask(good, f"{path(good)} (rows: {_bracket(good.rows)})")


@cache
def _good(model: str, most: int) -> Sequence[Request]:
    """As many of 1 row as of 2 and 3, of 4 to 7, and so on; the same in every run."""
    size = random.Random(most)  # noqa: S311 - no secret
    sizes = [min(int((most + 1) ** size.random()), most) for _ in range(DIFFERENT)]
    return [each for contract in chosen(model) for each in requests(contract, sizes, wild=WILD)]


@cache
def _bad(model: str) -> Sequence[BadRequest]:
    return [each for contract in chosen(model) for each in bad_requests(contract)]


def _bracket(rows: int) -> str:
    high = next(bracket for bracket in BRACKETS if rows <= bracket)
    low = max((bracket + 1 for bracket in BRACKETS if bracket < high), default=1)
    return str(high) if low == high else f"{low} to {high}"


@events.init_command_line_parser.add_listener
def _options(parser: LocustArgumentParser, **_: Any) -> None:
    parser.set_defaults(num_users=20, spawn_rate=5, run_time="2m")


def _make(environment: Environment) -> None:
    options = asked(environment)
    _good(options.model, options.most_rows)
    _bad(options.model)


def _report(_: Environment) -> tuple[str, bool]:
    seen = tally.take()
    return str(seen), seen.failed


number_options(
    {
        "--most-rows": (MAX_ROWS, "Rows in the largest request"),
        "--bad-percent": (5.0, "Bad requests among a hundred"),
    }
)
beforehand(_make)
at_end(_report)
