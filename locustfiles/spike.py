"""Spike: what does a sudden rush do to those in it, and is all well again afterwards?

    locust -f locustfiles/spike.py --host http://127.0.0.1:3000 --headless

A base load of 20 users, one request a second each; then ten times as many at once; then the base
load again. p95 is printed for each phase. Exit code 1 if any answer was wrong or missing, except
that in the rush the service may refuse: with 503 it says so at once, which is better than to let
everybody wait. Each option has its environment variable:

    --model NAME      LOAD_MODEL       which model, or `all` (default)
    --rows N          LOAD_ROWS        rows in each request (1)
    --pace N          LOAD_PACE        requests a second and user, 0 for no pause (1)
    --give-up S       LOAD_GIVE_UP     seconds after which a request is unanswered (10)
    --base-users N    LOAD_BASE_USERS  users before and after (20)
    --factor N        LOAD_FACTOR      how many times as many in the spike (10)
    --before S        LOAD_BEFORE      seconds before the spike (30)
    --during S        LOAD_DURING      seconds of the spike (30)
    --after S         LOAD_AFTER       seconds after the spike (60)
"""

from locust import LoadTestShape, task
from locust.env import Environment

from locustfiles._caller import (
    MOST_A_SECOND,
    Caller,
    asked,
    at_end,
    number_options,
    one_size,
    same_size,
    tally,
)
from locustfiles._phases import Phases, Plan


class SpikeUser(Caller):
    """Asks for one prediction after the other."""

    @task
    def predict(self) -> None:
        self.ask(same_size(self.environment))


class Spike(LoadTestShape):
    """Low, high, low."""

    phases: Phases

    def reset_time(self) -> None:
        """Begin with the first phase: Locust calls this when a test starts."""
        super().reset_time()
        options = asked(self.runner.environment)  # type: ignore[union-attr]
        self.phases = Phases(
            Plan(
                base=options.base_users,
                factor=options.factor,
                before=options.before,
                during=options.during,
                after=options.after,
            )
        )

    def tick(self) -> tuple[int, float] | None:
        users = self.phases.tick(self.get_run_time(), tally)
        return None if users is None else (users, MOST_A_SECOND)


def _report(environment: Environment) -> tuple[str, bool]:
    assert isinstance(environment.shape_class, Spike)  # noqa: S101 - this file has no other
    phases = environment.shape_class.phases
    return str(phases), phases.failed


one_size()
number_options(
    {
        "--base-users": (20, "Users before and after the spike"),
        "--factor": (10.0, "How many times as many in the spike"),
        "--before": (30.0, "Seconds before the spike"),
        "--during": (30.0, "Seconds of the spike"),
        "--after": (60.0, "Seconds after the spike"),
    }
)
at_end(_report)
