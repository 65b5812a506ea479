import json

import pytest

from clients.answer import RefusedError, WrongAnswerError
from locustfiles._tally import Tally


@pytest.fixture
def tally():
    """A hundred right answers of 1 to 100 ms, and three failures that took no time."""
    seen = Tally()
    for milliseconds in range(1, 101):
        seen.add(milliseconds, None)
    for error in (RefusedError(), WrongAnswerError(), ConnectionError()):
        seen.add(0.001, error)
    return seen


def test_failures_are_told_apart(tally):
    assert tally.failures == {"refused": 1, "wrong": 1, "unanswered": 1}


def test_the_time_of_a_failure_is_no_time(tally):
    """Three very fast failures, and the fastest answer still took one millisecond."""
    assert tally.percentile(0.001) == 1
    assert tally.percentile(0.95) == 95


def test_failures_are_a_share_of_all_requests(tally):
    assert tally.total == 103
    assert tally.failed_percent == pytest.approx(100 * 3 / 103)


@pytest.mark.parametrize(
    ("milliseconds", "kept"), [(1.23456, 1.23), (0.98765, 0.988), (1234, 1230)]
)
def test_times_are_kept_in_three_digits(milliseconds, kept):
    """A long run has at most some thousands of different times."""
    seen = Tally()
    seen.add(milliseconds, None)

    assert list(seen.times) == [kept]


def test_what_was_taken_is_gone(tally):
    assert tally.take().total == 103
    assert tally.total == 0


def test_a_tally_survives_being_sent(tally):
    """Between Locust processes, as JSON or MessagePack."""
    assert Tally.unpack(json.loads(json.dumps(tally.pack()))) == tally


def test_merging_adds_up(tally):
    tally.merge(Tally.unpack(tally.pack()))

    assert tally.total == 206
    assert tally.failures["wrong"] == 2


def test_no_request_at_all_is_no_success():
    """Nor is it a failed share."""
    assert Tally().failed
    assert Tally().failed_percent == 0


def test_right_answers_alone_are_a_success():
    seen = Tally()
    seen.add(1.0, None)

    assert not seen.failed


def test_a_line_for_people_tells_all(tally):
    assert str(tally) == (
        "100 right answers: median 50 ms, p95 95 ms, p99 99 ms, max 100 ms, p95/median 1.9; "
        "1 refused, 1 unanswered, 1 wrong"
    )


def test_a_line_without_right_answers_has_no_times():
    assert str(Tally()) == "no right answer; 0 refused, 0 unanswered, 0 wrong"
