"""A user who asks models and checks the answers, and the options that every shape has."""

import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from locust import FastHttpUser, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import WorkerRunner

from clients import contracts
from clients.answer import AnswerError, Checker
from clients.request import HEADERS, BadRequest, Request, path, requests
from locustfiles._tally import Tally
from models._contract import MAX_ROWS, AnyContract

ALL = "all"
MOST_A_SECOND = 100  # users started; Locust does not start more of them well
DIFFERENT = 64  # requests of each model are made beforehand and sent at random

chance = random.Random()  # noqa: S311 - which request comes next is no secret
tally = Tally()
checker = Checker()


class Caller(FastHttpUser):
    """Asks one thing after the other, `--pace` of them a second, or fewer where answers are late.

    Users begin with a pause of random length: Locust starts several at once, and at an equal pace
    they would ask at once for ever.
    """

    abstract = True
    host = "http://127.0.0.1:3000"
    insecure = False

    def __init__(self, environment: Environment) -> None:
        self.network_timeout = self.connection_timeout = asked(environment).give_up
        super().__init__(environment)
        self._due = 0.0

    def on_start(self) -> None:
        time.sleep(chance.random() * self._period())
        self._due = time.perf_counter()

    def wait_time(self) -> float:
        now = time.perf_counter()
        self._due = max(self._due + self._period(), now)
        return self._due - now

    def _period(self) -> float:
        pace = asked(self.environment).pace
        return 1 / pace if pace > 0 else 0.0

    def ask(self, request: Request | BadRequest, name: str | None = None) -> None:
        """Send, and count as failed whatever is not the answer to be had.

        Args:
            request: What to send.
            name: Under which it is counted; its path when not given.
        """
        with self.client.post(
            path(request),
            data=request.body,  # type: ignore[arg-type]  # bytes will do
            headers=HEADERS,
            name=name,
            catch_response=True,
        ) as response:
            if not response.status_code:
                return  # unanswered, and Locust knows why
            try:
                _check(request, response.status_code, response.content or b"")
            except AnswerError as error:
                response.failure(error)
            else:
                response.success()


def _check(request: Request | BadRequest, status: int, content: bytes) -> None:
    if isinstance(request, Request):
        checker.check(request, status, content)
    else:
        checker.check_refused(request, status, content)


def asked(environment: Environment) -> Any:
    """The options, Locust's and ours."""
    return environment.parsed_options


def chosen(model: str) -> list[AnyContract]:
    """Which are meant by `--model`."""
    return [contracts.find(name) for name in (contracts.names() if model == ALL else [model])]


def same_size(environment: Environment) -> Request:
    """One of many requests of `--rows` rows, to any of the models chosen."""
    options = asked(environment)
    return chance.choice(_same_size(options.model, options.rows))


@cache
def _same_size(model: str, rows: int) -> Sequence[Request]:
    sizes = [rows] * DIFFERENT
    return [each for contract in chosen(model) for each in requests(contract, sizes)]


def at_end(report: Callable[[Environment], tuple[str, bool]]) -> None:
    """Have `report` say what was seen, and whether that is a failure: the exit code."""
    last_words: list[str] = []

    def judge(environment: Environment) -> None:
        if isinstance(environment.runner, WorkerRunner):
            return
        text, failed = report(environment)
        last_words.append(f"\n{text}\n{_exhausted(environment)}")
        failed = failed or bool(environment.runner and environment.runner.exceptions)
        environment.process_exit_code = asked(environment).exit_code_on_error if failed else 0

    @events.test_stop.add_listener
    def stopped(environment: Environment, **_: Any) -> None:
        if not asked(environment).headless:
            judge(environment)
            sys.stdout.write(last_words.pop())

    @events.quitting.add_listener
    def quitting(environment: Environment, **_: Any) -> None:
        # Later than the end of the test: by now other Locust processes have sent their last counts.
        if asked(environment).headless:
            judge(environment)

    @events.quit.add_listener
    def quit_(**_: Any) -> None:
        sys.stdout.writelines(last_words)


def _exhausted(environment: Environment) -> str:
    runner = environment.runner
    if runner and (runner.cpu_warning_emitted or runner.worker_cpu_warning_emitted):
        return "Locust itself was short of CPU: these times are partly its own. See --processes.\n"
    return ""


def number_options(numbers: Mapping[str, tuple[float, str]]) -> None:
    """Add options: their names with default and meaning; for `--p95-ms` also `LOAD_P95_MS`."""

    @events.init_command_line_parser.add_listener
    def options(parser: LocustArgumentParser, **_: Any) -> None:
        for name, (default, meaning) in numbers.items():
            variable = "LOAD" + name[1:].replace("-", "_").upper()
            kind = type(default)
            parser.add_argument(name, type=kind, default=default, env_var=variable, help=meaning)


def one_size() -> None:
    """For shapes whose requests are all of one size: the option, and requests made beforehand."""
    number_options({"--rows": (1, f"Rows in each request, 1 to {MAX_ROWS}")})
    beforehand(same_size)


def beforehand(make: Callable[[Environment], Any]) -> None:
    """Have requests made before the clock runs, and again if the web page changes the options."""

    @events.init.add_listener
    @events.test_start.add_listener
    def listener(environment: Environment, **_: Any) -> None:
        make(environment)
        time.sleep(0)  # a turn for gevent, whose clock stood still: `--run-time` is set by it


@events.init_command_line_parser.add_listener
def _model(parser: LocustArgumentParser, **_: Any) -> None:
    parser.add_argument(
        "--model",
        choices=[ALL, *contracts.names()],
        default=ALL,
        env_var="LOAD_MODEL",
        help="Which model to ask",
    )


number_options(
    {
        "--pace": (1.0, "Requests a second and user, at most; 0 for as many as are answered"),
        "--give-up": (10.0, "Seconds after which a request counts as unanswered"),
    }
)


def _wrong_rows(environment: Environment) -> Iterator[str]:
    for option in ("rows", "most_rows"):
        if not 1 <= getattr(asked(environment), option, 1) <= MAX_ROWS:
            yield option


@events.init.add_listener
def _refuse(environment: Environment, **_: Any) -> None:
    for option in _wrong_rows(environment):
        sys.exit(f"--{option.replace('_', '-')}: choose 1 to {MAX_ROWS} rows")


@events.test_start.add_listener
def _correct(environment: Environment, **_: Any) -> None:
    """Take the nearest number that can be: the web page lets anybody choose any, at any time."""
    for option in _wrong_rows(environment):
        options = asked(environment)
        nearest = min(max(getattr(options, option), 1), MAX_ROWS)
        setattr(options, option, nearest)
        sys.stdout.write(f"{option}: there can be 1 to {MAX_ROWS}; {nearest} it is.\n")


@events.test_start.add_listener
def _begin(**_: Any) -> None:
    """Forget the test before: the web page can start several."""
    tally.take()
    checker.forget()


@events.request.add_listener
def _count(response_time: float, exception: BaseException | None, **_: Any) -> None:
    tally.add(response_time, exception)


@events.report_to_master.add_listener
def _send(data: dict[str, Any], **_: Any) -> None:
    data["tally"] = tally.take().pack()


@events.worker_report.add_listener
def _receive(data: dict[str, Any], **_: Any) -> None:
    tally.merge(Tally.unpack(data["tally"]))
