"""Bytes that are nearly HTTP, against a real server: for a bounded time, by mutation."""

import time
from collections import Counter

import httpx
import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests import raw
from tests.conftest import serving
from tests.torture.http_bytes import HIDDEN, INSIDE, MARKER, connections
from tests.torture.http_law import answers, exchange, seen
from tests.torture.scrape import metric, until

# A round of it; `make torture` begins new ones until its time is over.
EXAMPLES = 250
ROUNDS = settings(
    max_examples=EXAMPLES,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[*HealthCheck],
)


@pytest.fixture(scope="module")
def running(home, tmp_path_factory):
    """A server of its own: its log and its worker are to be as they were."""
    folder = tmp_path_factory.mktemp("fuzzed")
    with serving(home, folder, TABENTO_CORS_ORIGINS="https://shop.example") as running:
        yield running.ready()


@pytest.fixture
def log(running):
    with running.log.open("rb") as log:
        yield log


class Fuzzed:
    """What must be as before after whatever was sent."""

    def __init__(self, running, log):
        self.running, self._log = running, log
        self.seen: Counter[int] = Counter()
        self._right = raw.ask(running.url, raw.post()).json()["predictions"]
        self._family = self._processes()

    def _processes(self):
        return {each.pid for each in psutil.Process(self.running.process.pid).children()}

    def is_as_before(self):
        answer = raw.ask(self.running.url, raw.post())
        assert answer.status_code == 200, answer.content
        assert answer.json()["predictions"] == self._right
        assert self.running.process.poll() is None
        assert self._processes() == self._family
        said = self._log.read()
        assert b"Traceback" not in said, said[-3000:]

    def take(self, sent):
        received, reset = exchange(self.running.url, sent)
        found = answers(received, reset=reset)
        self.seen.update(answer.status_code for answer in found)
        named = [answer.headers["x-request-id"].encode() for answer in found]
        read = seen(sent.whole)
        # Not more often than it was sent, and never what another parser reads as a body.
        for name in (INSIDE, MARKER):
            assert named.count(name) <= read.count(name), (named, read)
        self.is_as_before()


def test_no_bytes_whatever_break_the_server_its_answers_or_the_line_between_requests(
    running, log, minutes
):
    fuzzed, end, rounds = Fuzzed(running, log), time.monotonic() + minutes * 60, 0

    @ROUNDS
    @given(connections())
    def one_round(sent):
        fuzzed.take(sent)

    while rounds < 1 or (minutes >= 1 and time.monotonic() < end):
        one_round()
        rounds += 1

    # It is no test of anything where all were refused, or none.
    assert fuzzed.seen[200] > 0
    assert fuzzed.seen[400] > 0
    until(lambda: metric(running.url, "tabento_requests_in_flight") == 0)


def test_a_request_in_a_body_is_a_body_and_the_two_parsers_see_so(running):
    sent = raw.post(HIDDEN) + raw.post(raw.BODY, b"X-Request-ID: " + MARKER, b"Connection: close")

    with raw.connect(running.url) as connection:
        raw.send(connection, sent)
        found = answers(raw.read_all(connection))

    assert seen(sent) == [MARKER]
    assert [answer.status_code for answer in found] == [400, 200]
    assert httpx.get(f"{running.url}/readyz").status_code == 200
