from types import SimpleNamespace

import pytest

from benchmarks import crowd
from benchmarks.closed_loop import Closed
from benchmarks.measure import Session
from benchmarks.order import Seen
from benchmarks.peer import MOSEC
from benchmarks.workload import WORKLOADS

OVERLOAD = next(each for each in WORKLOADS if each.shape == "overload")

REST = Closed(1_000, 2.0, 1.0, 2.0, 3.0, 4.0, errors=420, refused=400, late=500)
SEEN = Seen(good=200, overdue=50, statuses={200: 200, 503: 100}, broken=3, hung_up=7, p99=9.0)


def test_every_answer_and_every_loss_is_counted_once():
    found = crowd.together(REST, SEEN)

    rates = (found.in_time, found.late, found.refused, found.failed)
    assert sum(rates) * REST.seconds == pytest.approx(found.requests)
    assert found.requests == 1_000 + 20 + 300 + 10


def test_late_answers_are_told_from_refusals_by_those_watched():
    """Its own 500 late answers say nothing: refusals are among them."""
    found = crowd.together(REST, SEEN)

    assert found.answered == 800
    assert (found.in_time, found.late) == (300.0, 100.0)
    assert found.refused == 250.0


def test_latencies_are_of_the_answers_that_were_watched():
    assert crowd.together(REST, SEEN).p99 == 9.0


def test_where_nothing_was_watched_every_late_answer_counts_as_one_of_the_good():
    found = crowd.together(REST, Seen())

    assert found.late == 250.0
    assert found.in_time == 50.0


def test_a_server_that_answers_nobody_has_no_goodput():
    nobody = Closed(0, 2.0, 0.0, 0.0, 0.0, 0.0, errors=5)

    found = crowd.together(nobody, Seen())
    assert (found.in_time, found.late, found.failed) == (0.0, 0.0, 2.5)


def test_a_peer_without_capacity_has_no_goodput_and_stops_nobody():
    server = SimpleNamespace(peer=MOSEC, rss_bytes=lambda: 0.0)
    session = Session(server, 1, 1, None)

    found = session.from_crowd(OVERLOAD, crowd.together(REST, SEEN), 0.0, capacity=0.0)
    assert found.extra["goodput"] == 0.0
