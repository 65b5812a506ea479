import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.answer import RefusedError, WrongAnswerError
from locustfiles._ladder import Ladder, Plan, Promise
from locustfiles._tally import Tally

PLAN = Plan(first=10, growth=2, most=1000, settle=2, hold=5)
PROMISE = Promise(failed_percent=1, p95_ms=1000)


def seen(*, right=0, milliseconds=1.0, refused=0, wrong=0):
    tally = Tally()
    for count, error in ((right, None), (refused, RefusedError()), (wrong, WrongAnswerError())):
        for _ in range(count):
            tally.add(milliseconds, error)
    return tally


def climb(service, plan=PLAN, seconds=1000):
    """Climb on a clock of our own; `service(users)` is what each second brings."""
    ladder, tally, users = Ladder(plan, PROMISE), Tally(), 0
    for now in range(seconds):
        wanted = ladder.tick(now, users, tally)
        if wanted is None:
            return ladder
        users = wanted
        tally.merge(service(users))
    return ladder


def breaks_above(limit, **broken):
    """A service that is well up to so many users."""
    return lambda users: seen(right=100) if users <= limit else seen(**broken)


def steps(ladder):
    return [step.users for step in ladder.steps]


@pytest.mark.parametrize(
    ("tally", "reason"),
    [
        (seen(right=99, refused=1), ""),
        (seen(right=98, refused=2), "2.0 % of the requests failed"),
        (seen(right=100, milliseconds=1000), ""),
        (seen(right=100, milliseconds=1010), "p95 was 1010 ms"),
        (seen(), "nothing was answered"),
        (seen(refused=5), "100.0 % of the requests failed"),
    ],
)
def test_a_promise_is_broken_above_its_limits(tally, reason):
    """More than 1 % failed, or a p95 of more than a second; silence is no good sign."""
    assert PROMISE.broken_by(tally) == reason


def test_steps_grow_until_the_promise_is_broken():
    ladder = climb(breaks_above(45, right=100, milliseconds=2000))

    assert steps(ladder) == [10, 20, 40, 80]
    assert str(ladder).endswith("Breaking point: 80 users (p95 was 2000 ms); 40 users were served.")
    assert not ladder.failed


def test_failures_break_a_step_as_well():
    ladder = climb(breaks_above(45, right=90, refused=10))

    assert ladder.broken == "10.0 % of the requests failed"


def test_a_service_that_holds_out_is_climbed_to_the_top():
    """The last step is exactly the most that was asked for."""
    ladder = climb(breaks_above(10_000), Plan(10, 2, 50, settle=2, hold=5))

    assert steps(ladder) == [10, 20, 40, 50]
    assert str(ladder).endswith("No breaking point up to 50 users.")
    assert not ladder.failed


def test_a_first_step_that_breaks_is_a_failure():
    ladder = climb(breaks_above(0, refused=1))

    assert str(ladder).endswith("no step was held.")
    assert ladder.failed


def test_wrong_answers_are_a_failure_however_few():
    """A load is no excuse, and neither is that the step was still settling."""
    first = iter([seen(right=100, wrong=1)])
    ladder = climb(lambda users: next(first, breaks_above(15, refused=1)(users)))

    assert steps(ladder) == [10, 20]
    assert ladder.failed


def test_a_climb_that_was_ended_before_is_a_failure():
    ladder = climb(breaks_above(10_000), seconds=20)

    assert str(ladder).endswith("Stopped before the breaking point was found.")
    assert ladder.failed


def test_what_a_settling_step_sees_does_not_count():
    """Only the five seconds of holding do, at a hundred answers each."""
    ladder = climb(breaks_above(10_000))

    assert {step.seen.total for step in ladder.steps} == {500}
    assert {step.seconds for step in ladder.steps} == {5}


def test_a_step_begins_when_its_users_are_there():
    """However long they take to come."""
    ladder, tally = Ladder(PLAN, PROMISE), Tally()
    for now in range(100):
        ladder.tick(now, 9, tally)

    assert ladder.steps == []
    assert ladder.users == 10


@given(st.integers(1, 100), st.floats(0.1, 3), st.integers(1, 200))
def test_every_step_is_larger_and_the_last_is_the_most(first, growth, most):
    """Also with a growth of one or less: a climb always ends."""
    plan = Plan(min(first, most), growth, most, settle=1, hold=1)
    found = steps(climb(breaks_above(10_000), plan))

    assert found == sorted(set(found))
    assert found[-1] == most
