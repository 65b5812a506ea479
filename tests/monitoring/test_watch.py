from types import SimpleNamespace

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from monitoring import watch
from monitoring.series import DriftSeries, drift_families
from monitoring.watch import CHUNK, Watch
from tests.monitoring.conftest import Delay, parcels, scores

NOON = 1_795_262_400.0


class Turn:
    """What an event loop would do later, done when a test says so."""

    def __init__(self):
        self.work = []

    def soon(self, work):
        self.work.append(work)

    def take(self):
        work, self.work = self.work, []
        for each in work:
            each()


@pytest.fixture
def turn():
    return Turn()


@pytest.fixture
def make(parcel_reference, turn):
    """A worker's watch; without a directory it is alone."""

    def make(directory=None):
        families = drift_families(CollectorRegistry())
        series = DriftSeries(families, "parcels", "v1", parcel_reference)
        return Watch("parcels", parcel_reference, series, directory=directory, soon=turn.soon)

    return make


def answered(n, seed=0):
    return parcels(n, seed), [Delay(late_probability=p) for p in scores(n, seed).tolist()]


def test_what_was_answered_is_reported(make):
    watched = make()
    watched.add(*answered(100))
    watched.add(*answered(1))

    assert watched.report("hour", NOON).rows == 101


def test_taking_rows_counts_none_of_them(make, turn, monkeypatch):
    """A response does not wait for statistics."""
    watched = make()
    monkeypatch.setattr(watched._tally, "count", lambda *_: pytest.fail("counted at once"))

    watched.add(*answered(CHUNK * 2))

    assert len(turn.work) == 1


def test_many_rows_are_counted_in_turns(make, turn):
    """Others have theirs in between."""
    watched, turns = make(), 0
    watched.add(*answered(CHUNK * 3 + 10))

    while turn.work:
        turn.take()
        turns += 1

    assert turns == 3
    assert watched.report("hour", NOON).rows == CHUNK * 3 + 10


def test_what_no_report_shows_yet_is_said_to_be_waiting(make, turn):
    """A model that was replaced is kept until all it answered is counted: a flush is a chunk."""
    watched = make()
    assert not watched.waiting
    watched.add(*answered(CHUNK * 2 + 10))
    watched.flush(NOON)
    assert watched.waiting

    while turn.work:
        turn.take()
    watched.flush(NOON)
    watched.flush(NOON)
    assert not watched.waiting
    assert watched.report("hour", NOON).rows == CHUNK * 2 + 10


def test_a_second_request_does_not_count_twice(make, turn):
    watched = make()
    watched.add(*answered(CHUNK))
    watched.add(*answered(CHUNK))

    assert len(turn.work) == 1
    turn.take()
    turn.take()
    assert watched.report("hour", NOON).rows == 2 * CHUNK


def test_what_waits_is_bounded_and_what_is_lost_is_told(make, monkeypatch):
    monkeypatch.setattr(watch, "MOST_WAITING", 50)
    watched = make()
    for _ in range(3):
        watched.add(*answered(30))

    drift = watched.report("hour", NOON)

    assert (drift.rows, drift.missed) == (50, 40)


def test_a_row_that_can_not_be_counted_costs_no_answer(make):
    watched = make()
    watched.add([SimpleNamespace(other="field")], [Delay(late_probability=0.5)])
    watched.add(*answered(10))
    watched.flush(NOON)
    watched.add(*answered(10))

    drift = watched.report("hour", NOON)

    assert (drift.rows, drift.missed) == (10, 11)


def test_any_worker_speaks_for_all(make, turn, tmp_path):
    first, second = make(tmp_path), make(tmp_path)
    first.add(*answered(300))
    second.add(*answered(300, seed=1))
    turn.take()
    first.flush(NOON)

    drift = second.report("hour", NOON)

    assert drift.rows == 600
    assert drift.verdict == "ok"


def test_rows_leave_the_hour_before_the_day(make):
    watched = make()
    watched.add(*answered(20))
    watched.flush(NOON - 7_200)
    watched.add(*answered(5))

    found = [watched.report(window, NOON).rows for window in ("hour", "day", "start")]

    assert found == [5, 25, 25]


def test_prometheus_is_told_the_same(parcel_reference, turn):
    registry = CollectorRegistry()
    series = DriftSeries(drift_families(registry), "parcels", "v1", parcel_reference)
    watched = Watch("parcels", parcel_reference, series, directory=None, soon=turn.soon)
    watched.add(*answered(40))
    watched.flush(NOON)
    watched.flush(NOON)

    bins = parcel_reference.score.bins
    labels = [{"model": "parcels", "version": "v1", "bin": bin_} for bin_ in bins]
    found = [registry.get_sample_value("model_score_bin_total", each) for each in labels]
    assert np.sum(found) == 40
