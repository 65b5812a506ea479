"""Steady: does the service carry the load that is expected, for as long as it lasts?

    locust -f locustfiles/steady.py --host http://127.0.0.1:3000 --headless

100 users, 5 more each second, one request a second each, for two minutes. Exit code 1 if any
answer was wrong or missing, or if `--p95-ms` was exceeded. Other numbers by Locust's own options
(-u, -r, -t) and these, each with its environment variable:

    --model NAME    LOAD_MODEL    which model, or `all` (default)
    --rows N        LOAD_ROWS     rows in each request (1)
    --pace N        LOAD_PACE     requests a second and user, 0 for no pause (1)
    --give-up S     LOAD_GIVE_UP  seconds after which a request is unanswered (10)
    --p95-ms MS     LOAD_P95_MS   fail if the 95th percentile of right answers is above (0: never)
"""

from typing import Any

from locust import events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from locustfiles._caller import Caller, asked, at_end, number_options, one_size, same_size, tally


class SteadyUser(Caller):
    """Asks for one prediction after the other."""

    @task
    def predict(self) -> None:
        self.ask(same_size(self.environment))


@events.init_command_line_parser.add_listener
def _options(parser: LocustArgumentParser, **_: Any) -> None:
    parser.set_defaults(num_users=100, spawn_rate=5, run_time="2m")


def _report(environment: Environment) -> tuple[str, bool]:
    seen, limit = tally.take(), asked(environment).p95_ms
    p95 = seen.percentile(0.95)
    if limit and p95 and p95 > limit:
        return f"{seen}\np95 is above {limit:g} ms.", True
    return str(seen), seen.failed


one_size()
number_options({"--p95-ms": (0.0, "Fail if the 95th percentile is above; 0: never")})
at_end(_report)
