import pytest

from clients.answer import RefusedError, WrongAnswerError
from locustfiles._phases import AFTER, BEFORE, DURING, Phases, Plan
from locustfiles._tally import Tally

PLAN = Plan(base=4, factor=10, before=10, during=5, after=20)


def run(failures=None, *, seconds=100, milliseconds=None):
    """Two right answers a second, and the failure and time of each phase."""
    phases, tally = Phases(PLAN), Tally()
    for now in range(seconds):
        if phases.tick(now, tally) is None:
            break
        phase = PLAN.phase(now)
        for error in (None, None, *(failures or {}).get(phase, ())):
            tally.add((milliseconds or {}).get(phase, 1), error)
    return phases


@pytest.mark.parametrize(
    ("elapsed", "users"), [(0, 4), (9.9, 4), (10, 40), (14.9, 40), (15, 4), (34.9, 4), (35, None)]
)
def test_users_are_few_then_many_then_few(elapsed, users):
    assert Phases(PLAN).tick(elapsed, Tally()) == users


def test_each_phase_has_what_it_saw():
    """Seconds of a phase, two answers each."""
    assert {phase: seen.total for phase, seen in run().seen.items()} == {
        BEFORE: 20,
        DURING: 10,
        AFTER: 40,
    }


def test_each_phase_has_its_own_percentiles():
    text = str(run(milliseconds={BEFORE: 2, DURING: 300, AFTER: 3}))

    assert [line.split("p95 ")[1].split(",")[0] for line in text.splitlines()] == [
        "2 ms",
        "300 ms",
        "3 ms",
    ]


def test_right_answers_in_all_phases_are_a_success():
    assert not run().failed


def test_the_spike_alone_may_be_refused():
    """To say at once that there is too much to do is what a service should."""
    assert not run({DURING: [RefusedError()]}).failed
    assert run({BEFORE: [RefusedError()]}).failed
    assert run({AFTER: [RefusedError()]}).failed


@pytest.mark.parametrize("error", [WrongAnswerError(), ConnectionError()])
@pytest.mark.parametrize("phase", [BEFORE, DURING, AFTER])
def test_wrong_and_missing_answers_are_failures_in_every_phase(phase, error):
    assert run({phase: [error]}).failed


def test_a_test_that_was_ended_before_is_a_failure():
    """What comes after the spike was not seen."""
    assert run(seconds=30).failed
