"""However large and however many, bodies take no more of a server's memory than they may."""

import json
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from models import breast_cancer
from serving.room import BODIES
from settings import Settings
from tests import raw
from tests.test_process import metric, until, workers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /proc/PID/clear_refs"),
]

MOST = Settings.model_fields["max_body_bytes"].default
CHUNKED = b"Transfer-Encoding: chunked"
SPACES = b"%x\r\n%b\r\n" % (2**20, b" " * 2**20)
LONG = b"Content-Length: %d"


@contextmanager
def grows_by_less_than(running, most):
    """Its worker's memory, at its highest in between."""
    (worker,) = workers(running)
    (Path("/proc") / str(worker.pid) / "clear_refs").write_text("5")
    before = _kilobytes(worker, "VmRSS")
    yield
    assert (_kilobytes(worker, "VmHWM") - before) * 1024 < most


def _kilobytes(worker, name):
    lines = (Path("/proc") / str(worker.pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def is_too_large(answer):
    raw.refused(answer, 413, "body_too_large")
    assert answer.closed


def is_right(server):
    return raw.ask(server, raw.post()).status_code == 200


def padded(size, body=raw.BODY):
    return body[:-1] + b" " * (size - len(body)) + b"}"


def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(server):
    is_too_large(raw.ask(server, raw.post(b"", LONG % (MOST + 1), length=False)))
    is_too_large(raw.ask(server, raw.post(b"", LONG % 10**15, length=False)))


def test_bodies_that_are_too_large_make_the_log_grow_by_little(running):
    before = running.log.stat().st_size
    told = raw.ask(running.url, raw.post(b"", LONG % (MOST + 1), length=False))
    untold = raw.ask(
        running.url, raw.post(b"%x\r\n" % (MOST + 1), CHUNKED, length=False) + b" " * (MOST + 1)
    )
    ids = [answer.headers["x-request-id"] for answer in (told, untold)]

    until(lambda: all(each in running.log.read_text() for each in ids))
    assert running.log.stat().st_size - before < 10_000


def test_a_body_that_does_not_say_is_refused_one_byte_above_the_limit(server):
    head = raw.post(b"%x\r\n" % (MOST + 1), CHUNKED, length=False)

    is_too_large(raw.ask(server, head + b" " * (MOST + 1)))


def test_a_body_of_the_largest_size_is_taken_however_it_comes(server):
    body = padded(MOST)
    chunked = raw.post(b"%x\r\n%b\r\n0\r\n\r\n" % (MOST, body), CHUNKED, length=False)

    assert raw.ask(server, raw.post(body)).status_code == 200
    assert raw.ask(server, chunked).status_code == 200


def test_a_body_without_end_takes_no_more_memory_than_two_of_the_largest(running):
    with grows_by_less_than(running, 2 * MOST), raw.connect(running.url) as connection:
        raw.send(connection, raw.post(b"", CHUNKED, length=False))
        sent = 0
        while raw.send(connection, SPACES):
            sent += 2**20
            assert sent < 16 * MOST, "it was never refused"
    assert is_right(running.url)


def test_a_body_that_claims_much_and_sends_it_takes_none(running):
    with grows_by_less_than(running, MOST), raw.connect(running.url) as connection:
        raw.send(connection, raw.post(b"", LONG % (64 * MOST), length=False))
        while raw.send(connection, SPACES):
            pass


def bomb(megabytes):
    """So much of nothing, as gzip has it."""
    pack = zlib.compressobj(9, wbits=31)
    return b"".join([pack.compress(bytes(2**20)) for _ in range(megabytes)]) + pack.flush()


def test_a_compressed_bomb_is_not_unpacked(running):
    body = bomb(100)
    assert len(body) < MOST
    with grows_by_less_than(running, 2 * MOST):
        raw.refused(raw.ask(running.url, raw.post(body, b"Content-Encoding: gzip")), 415)
        raw.refused(raw.ask(running.url, raw.post(body)), 400)


def test_deep_nesting_takes_next_to_nothing(running):
    deep = b"[" * 100_000
    with grows_by_less_than(running, 5 * 2**20):
        for body in (deep, b'{"rows": [{"text": %b' % deep, b'{"rows":' * 100_000):
            raw.refused(raw.ask(running.url, raw.post(body)), 400)


@pytest.mark.parametrize("element", [b"1", b"{}", b'""', b"[[]]", b'{"text":"a"}'])
def test_a_body_of_millions_of_rows_is_refused_and_takes_hardly_more_than_its_bytes(
    running, element
):
    many = b",".join([element] * ((MOST - 20) // (len(element) + 1)))
    with grows_by_less_than(running, 4 * MOST):
        answer = raw.ask(running.url, raw.post(b'{"rows": [%b]}' % many))
        assert raw.refused(answer, 400).detail
    assert is_right(running.url)


def test_a_body_of_so_many_faults_as_it_may_have_takes_a_bounded_part(running):
    body = json.dumps({"rows": [{f"k{number}": 1 for number in range(100_000)}]}).encode()
    with grows_by_less_than(running, 16 * MOST):
        assert len(raw.refused(raw.ask(running.url, raw.post(body)), 400).detail) == 20


def test_large_bodies_of_many_clients_share_their_room(running):
    """As many are held as have room; the others are sent away, and small ones are answered."""
    held = padded(MOST)[:-1_000]
    head = raw.post(b"", LONG % MOST, length=False)
    with ExitStack() as stack, grows_by_less_than(running, (2 * BODIES + 4) * MOST):
        clients = [stack.enter_context(raw.connect(running.url)) for _ in range(3 * BODIES)]
        with ThreadPoolExecutor(8) as pool:
            whole = list(pool.map(lambda client: raw.send(client, head + held), clients))
            assert is_right(running.url)
        # Whoever was refused is not in flight any more.
        until(lambda: metric(running, "tabento_requests_in_flight", model="sentiment") <= BODIES)
        assert sum(whole) < len(whole)
    until(lambda: metric(running, "tabento_requests_in_flight", model="sentiment") == 0)
    assert raw.ask(running.url, raw.post(padded(MOST))).status_code == 200


def test_large_requests_that_come_together_are_answered_or_told_to_wait(running):
    rows = [row.model_dump(mode="json") for row in breast_cancer.EXAMPLE] * 256
    body = padded(MOST, json.dumps({"rows": rows}).encode())
    sent = raw.post(body, path=b"/breast_cancer/predict")
    with grows_by_less_than(running, 4 * BODIES * MOST), ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: raw.ask(running.url, sent, seconds=60), range(24)))

    given = [answer for answer in answers if answer is not None]
    right = [answer.json()["predictions"] for answer in given if answer.status_code == 200]
    assert {answer.status_code for answer in given} <= {200, 503, 504}
    assert right
    assert all(len(each) == 512 and each == right[0] for each in right)
