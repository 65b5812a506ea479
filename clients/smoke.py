"""Is what was just released what was meant? Ask it all that users, probes and Prometheus will ask.

Readiness, which models (tag and hash), every model's answers to its contract's examples, the error
body, the metrics. With `--expect` all of it must be as in a file that `--record` wrote.
A service with API keys is asked with the one in the environment variable TABENTO_SMOKE_KEY.
Exit code 0: yes; 1: no, and why; 2: the arguments can not be used.
"""

import argparse
import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult

from clients import contracts, expectation
from clients.answer import AnswerError, Checker, same
from clients.connection import Connection, NoAnswerError, address
from clients.expectation import Expectation, ExpectationError, ExpectedModel
from clients.request import HEADERS, Request, bad_requests, path
from models._contract import AnyContract

KEY = "TABENTO_SMOKE_KEY"
METRICS = ("tabento_requests_total", "tabento_rows_total")
PAUSE_S = 0.2


class SmokeError(Exception):
    """One thing that is not as it should be."""


class Service:
    """What is asked: an address, how long one answer may take, and with which key, if any."""

    def __init__(self, url: SplitResult, timeout: float, key: str = "") -> None:
        self._url, self._timeout = url, timeout
        self._headers = HEADERS | ({"X-API-Key": key} if key else {})

    def ask(self, method: str, route: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Ask on a connection of its own, as a stranger would.

        Raises:
            SmokeError: no answer.
        """
        connection = Connection(self._url, self._timeout, self._headers)
        try:
            if method == "POST":
                status, content, _ = connection.post(route, body or b"")
                return status, content
            return self._get(route)
        except (NoAnswerError, OSError, http.client.HTTPException) as error:
            msg = f"{method} {route}: no answer ({error or type(error).__name__})"
            raise SmokeError(msg) from error
        finally:
            connection.close()

    def _get(self, route: str) -> tuple[int, bytes]:
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._url.hostname or "", self._url.port, timeout=self._timeout)
        try:
            connection.request("GET", self._url.path.rstrip("/") + route, headers=self._headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def get(self, route: str) -> bytes:
        status, content = self.ask("GET", route)
        if status != 200:  # noqa: PLR2004 - the word for it is its number
            msg = f"GET {route}: {status}, {content[:200].decode(errors='replace')}"
            raise SmokeError(msg)
        return content


def until_ready(service: Service, seconds: float) -> None:
    """Wait for `/ready`, which says what `/readyz` does: some clouds keep paths that end in z.

    Raises:
        SmokeError: not within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            service.get("/ready")
        except SmokeError as error:
            if time.monotonic() + PAUSE_S > deadline:
                msg = f"not ready after {seconds:g} s: {error}"
                raise SmokeError(msg) from error
            time.sleep(PAUSE_S)
        else:
            return


def observe(service: Service) -> Expectation:
    """Ask every model; what it is, and what it says of its examples.

    Raises:
        SmokeError: a model is missing, or an answer is not what its schema promises.
    """
    try:
        listed = json.loads(service.get("/models"))["models"]
        facts = {each["model"]: (each["tag"], each["sha256"]) for each in listed}
    except (ValueError, KeyError, TypeError) as error:
        msg = "GET /models: not the list of models"
        raise SmokeError(msg) from error
    if set(facts) != set(contracts.names()):
        msg = f"GET /models: {sorted(facts)} instead of {contracts.names()}"
        raise SmokeError(msg)
    seen = {}
    for name, (tag, sha256) in facts.items():
        predictions = _predictions(service, contracts.find(name), tag)
        seen[name] = ExpectedModel(tag=tag, sha256=sha256, predictions=predictions)
    return Expectation(models=seen)


def _predictions(service: Service, contract: AnyContract, tag: str) -> list[dict[str, Any]]:
    rows = [row.model_dump(mode="json", by_alias=True) for row in contract.EXAMPLE]
    request = Request(contract, json.dumps({"rows": rows}).encode(), len(rows), {})
    status, content = service.ask("POST", path(request), request.body)
    try:
        answer = Checker().check(request, status, content)
    except AnswerError as error:
        msg = f"POST {path(request)}: {error}"
        raise SmokeError(msg) from error
    if f"{answer.model}:{answer.version}" != tag:
        msg = f"POST {path(request)}: version {answer.version} answered, not {tag}"
        raise SmokeError(msg)
    return [each.model_dump(mode="json") for each in answer.predictions]


def differences(expected: Expectation, seen: Expectation) -> Iterator[str]:
    """Say each thing that differs, in a sentence."""
    for name, wanted in expected.models.items():
        found = seen.models.get(name)
        if found is None:
            yield f"{name}: not served"
            continue
        if (found.tag, found.sha256) != (wanted.tag, wanted.sha256):
            yield f"{name}: {found.tag} ({found.sha256[:12]}), expected {wanted.tag}"
        if not same(found.predictions, wanted.predictions):
            yield f"{name}: other answers to the contract's examples than expected"


def check_errors(service: Service) -> None:
    """One bad request to each model must be refused with the one error body.

    Raises:
        SmokeError: it was not.
    """
    for contract in map(contracts.find, contracts.names()):
        request = bad_requests(contract)[0]
        status, content = service.ask("POST", path(request), request.body)
        try:
            Checker().check_refused(request, status, content)
        except AnswerError as error:
            msg = f"POST {path(request)}, {request.fault}: {error}"
            raise SmokeError(msg) from error


def check_metrics(service: Service) -> None:
    """Prometheus must find our series.

    Raises:
        SmokeError: it would not.
    """
    text = service.get("/metrics").decode(errors="replace")
    missing = [name for name in METRICS if f"\n{name}{{" not in text]
    if missing:
        msg = f"GET /metrics: no {', '.join(missing)}"
        raise SmokeError(msg)


def smoke(service: Service, expected: Expectation | None) -> Expectation:
    """All of it, once.

    Raises:
        SmokeError: the first thing that is wrong; all differences from what is expected, at once.
    """
    seen = observe(service)
    if faults := list(differences(expected, seen)) if expected else []:
        raise SmokeError("; ".join(faults))
    check_errors(service)
    check_metrics(service)
    return seen


def _patiently(what: Callable[[], Expectation], seconds: float) -> Expectation:
    """Try again until it is right or time is up: a new worker's metrics come within a second."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return what()
        except SmokeError:
            if time.monotonic() + PAUSE_S > deadline:
                raise
            time.sleep(PAUSE_S)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m clients.smoke", description=__doc__)
    parser.add_argument("url", type=address, help="such as http://127.0.0.1:3000")
    parser.add_argument("--expect", type=Path, metavar="FILE", help="what --record wrote")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what is seen here")
    parser.add_argument("--deadline", type=float, default=60, help="seconds to get ready (60)")
    parser.add_argument("--retry", type=float, default=5, help="seconds to get it right (5)")
    parser.add_argument("--timeout", type=float, default=5, help="seconds for one answer (5)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the module says."""
    asked = _arguments(arguments)
    try:
        expected = expectation.read(asked.expect) if asked.expect else None
    except ExpectationError as error:
        print(f"clients.smoke: {error}", file=sys.stderr)  # noqa: T201 - a command says why
        return 2
    # A secret that was pasted often ends in a line break, which no header may hold.
    service = Service(asked.url, asked.timeout, os.environ.get(KEY, "").strip())
    try:
        until_ready(service, asked.deadline)
        seen = _patiently(lambda: smoke(service, expected), asked.retry)
    except SmokeError as error:
        print(f"clients.smoke: {error}", file=sys.stderr)  # noqa: T201 - a command says why
        return 1
    if asked.record:
        expectation.write(asked.record, seen)
    print("good: " + ", ".join(each.tag for each in seen.models.values()))  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
