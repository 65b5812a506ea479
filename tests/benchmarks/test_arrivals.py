import socket
import threading
import time
from contextlib import contextmanager

import pytest

from benchmarks.arrivals import Load
from benchmarks.order import Order

pytestmark = pytest.mark.timeout(30)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def _server(answer):
    """Hand every connection to a thread that calls `answer(connection, requests so far)`."""
    lock, count = threading.Lock(), [0]

    def serve(connection):
        with connection:
            while True:
                try:
                    if not connection.recv(65_536):
                        return
                    with lock:
                        count[0] += 1
                        number = count[0]
                    answer(connection, number)
                except OSError:
                    return

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]


@pytest.fixture
def bodies(tmp_path):
    file = tmp_path / "bodies"
    file.write_bytes(b'{"a":1}\n{"a":2}\n')
    return str(file)


def _run(port, bodies, **order):
    return Load(Order(port, "/x", bodies, **{"rate": 200.0, "seconds": 0.5, **order})).run()


def test_every_request_that_was_meant_is_sent_and_answered(bodies):
    with _server(lambda connection, _: connection.sendall(ANSWER)) as port:
        seen = _run(port, bodies)

    assert seen.meant == seen.sent == seen.good == seen.statuses[200] > 50
    assert 0 < seen.p50 <= seen.p99 <= seen.worst


def test_a_stall_is_felt_by_all_who_arrive_during_it(bodies):
    """Stalled once, for 0.3 s of 0.5 s: most requests wait, and the median says so.

    A closed loop of one connection would have counted one slow request.
    """
    lock = threading.Lock()

    def answer(connection, number):
        with lock:
            if number == 1:
                time.sleep(0.3)
            connection.sendall(ANSWER)

    with _server(answer) as port:
        seen = _run(port, bodies)

    assert seen.good == seen.meant
    assert seen.p50 > 30


def test_many_at_once_are_asked_and_kept(bodies):
    with _server(lambda connection, _: connection.sendall(ANSWER)) as port:
        seen = _run(port, bodies, rate=0.0, seconds=0.0, burst=20, keep=20)

    assert sorted(seen.answers) == [(number, "{}") for number in range(20)]


def test_a_refusal_is_answered_but_not_good(bodies):
    with _server(lambda connection, _: connection.sendall(REFUSAL)) as port:
        seen = _run(port, bodies, deadline=1.0)

    assert seen.good == 0
    assert seen.statuses[503] == seen.meant
    assert seen.p50 == 1_000


def test_a_client_hangs_up_when_its_time_is_over(bodies):
    with _server(lambda _, __: time.sleep(5)) as port:
        seen = _run(port, bodies, rate=50.0, seconds=0.2, deadline=0.2)

    assert seen.hung_up == seen.meant > 0
    assert seen.seconds < 1


def test_who_finds_no_connection_goes_away_unheard(bodies):
    with _server(lambda _, __: time.sleep(5)) as port:
        seen = _run(port, bodies, connections=3, deadline=0.6)

    assert seen.sent == 3
    assert seen.unheard == seen.meant - 3


def test_a_server_that_closes_after_each_answer_is_asked_on_new_connections(bodies):
    def answer(connection, _):
        connection.sendall(ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        connection.close()

    with _server(answer) as port:
        seen = _run(port, bodies)

    assert seen.good == seen.meant
    assert seen.broken == 0


def test_a_connection_that_breaks_is_a_broken_request(bodies):
    with _server(lambda connection, _: connection.close()) as port:
        seen = _run(port, bodies, rate=50.0)

    assert seen.broken == seen.meant > 0


def test_a_crowd_asks_again_as_soon_as_it_is_answered(bodies):
    with _server(lambda connection, _: connection.sendall(ANSWER)) as port:
        seen = _run(port, bodies, rate=0.0, crowd=3)

    assert seen.good > 30
    assert seen.meant - seen.good <= 3


def test_a_crowd_leaves_when_its_time_is_over(bodies):
    """Its percentiles are of those who were answered: the others are counted apart."""
    with _server(lambda connection, number: number == 1 and connection.sendall(ANSWER)) as port:
        seen = _run(port, bodies, rate=0.0, crowd=3)

    assert seen.good == 1
    assert seen.seconds < 5
    assert seen.worst < 5_000


def test_who_is_refused_or_lost_in_a_crowd_asks_again(bodies):
    def answer(connection, number):
        if number % 2:
            connection.sendall(REFUSAL)
        else:
            connection.close()

    with _server(answer) as port:
        seen = _run(port, bodies, rate=0.0, crowd=2)

    assert seen.statuses[503] > 2
    assert seen.broken > 2


def test_an_answer_after_the_patience_is_good_but_overdue(bodies):
    def answer(connection, _):
        time.sleep(0.1)
        connection.sendall(ANSWER)

    with _server(answer) as port:
        seen = _run(port, bodies, rate=0.0, crowd=2, patience=0.05)

    assert seen.overdue == seen.good > 0
