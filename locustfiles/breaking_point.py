"""Breaking point: how many users can the service carry?

    locust -f locustfiles/breaking_point.py --host http://127.0.0.1:3000 --headless

Steps of more and more users, one request a second each, until more than 1 % of the requests of a
step fail or their p95 is above one second; then the number of users is printed, with what each
step saw. Exit code 0 if that is so, or if the service held out; 1 if even the first step was too
much, if any answer was wrong, or if the test was ended before. Each option has its environment
variable:

    --model NAME        LOAD_MODEL         which model, or `all` (default)
    --rows N            LOAD_ROWS          rows in each request (1)
    --pace N            LOAD_PACE          requests a second and user, 0 for no pause (1)
    --give-up S         LOAD_GIVE_UP       seconds after which a request is unanswered (10)
    --first-users N     LOAD_FIRST_USERS   users in the first step (20)
    --growth N          LOAD_GROWTH        factor from one step to the next (1.3)
    --most-users N      LOAD_MOST_USERS    no more than these (5000)
    --settle S          LOAD_SETTLE        seconds of a step that do not count (5)
    --hold S            LOAD_HOLD          seconds of a step that count (15)
    --fail-percent N    LOAD_FAIL_PERCENT  failures that break a step (1)
    --p95-ms MS         LOAD_P95_MS        95th percentile that breaks a step (1000)
"""

import logging
from typing import Any

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
from locustfiles._ladder import Ladder, Plan, Promise

log = logging.getLogger(__name__)


class BreakingPointUser(Caller):
    """Asks for one prediction after the other."""

    @task
    def predict(self) -> None:
        self.ask(same_size(self.environment))


class BreakingPoint(LoadTestShape):
    """Climbs until something gives."""

    ladder: Ladder

    def reset_time(self) -> None:
        """Begin at the foot: Locust calls this when a test starts."""
        super().reset_time()
        options = asked(self.runner.environment)  # type: ignore[union-attr]
        self.ladder = _ladder(options)

    def tick(self) -> tuple[int, float] | None:
        steps = len(self.ladder.steps)
        users = self.ladder.tick(self.get_run_time(), self.get_current_user_count(), tally)
        for step in self.ladder.steps[steps:]:
            log.info(step)
        return None if users is None else (users, min(max(users / 4, 1), MOST_A_SECOND))


def _ladder(options: Any) -> Ladder:
    return Ladder(
        Plan(
            first=options.first_users,
            growth=options.growth,
            most=options.most_users,
            settle=options.settle,
            hold=options.hold,
        ),
        Promise(options.fail_percent, options.p95_ms),
    )


def _report(environment: Environment) -> tuple[str, bool]:
    assert isinstance(environment.shape_class, BreakingPoint)  # noqa: S101 - this file has no other
    ladder = environment.shape_class.ladder
    return str(ladder), ladder.failed


one_size()
number_options(
    {
        "--first-users": (20, "Users in the first step"),
        "--growth": (1.3, "Factor from one step to the next"),
        "--most-users": (5000, "No more users than these"),
        "--settle": (5.0, "Seconds of a step that do not count"),
        "--hold": (15.0, "Seconds of a step that count"),
        "--fail-percent": (1.0, "Failures that break a step"),
        "--p95-ms": (1000.0, "95th percentile that breaks a step"),
    }
)
at_end(_report)
