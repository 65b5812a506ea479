"""More and more users, step by step, until the service no longer keeps its promise."""

import math
from dataclasses import dataclass

from locustfiles._tally import WRONG, Tally


@dataclass(frozen=True)
class Promise:
    """What a step must keep: at most so many failures, right answers at most so late."""

    failed_percent: float
    p95_ms: float

    def broken_by(self, seen: Tally) -> str:
        """Say how, or nothing."""
        p95 = seen.percentile(0.95)
        if seen.failed_percent > self.failed_percent:
            return f"{seen.failed_percent:.1f} % of the requests failed"
        if p95 is None:
            return "nothing was answered"
        return f"p95 was {p95:g} ms" if p95 > self.p95_ms else ""


@dataclass(frozen=True)
class Plan:
    """`growth` is the factor from one step to the next; both times are seconds in each step."""

    first: int
    growth: float
    most: int
    settle: float
    hold: float

    def after(self, users: int) -> int:
        return min(max(users + 1, math.floor(users * self.growth)), self.most)


@dataclass(frozen=True)
class Step:
    """What so many users saw in so many seconds."""

    users: int
    seconds: float
    seen: Tally

    def __str__(self) -> str:
        return (
            f"{self.users:6} users  {self.seen.total / self.seconds:8.1f} requests/s  {self.seen}"
        )


class Ladder:
    """Asked about once a second how many users there should be.

    A step begins when all its users are there; what they see while it settles is thrown away.
    """

    def __init__(self, plan: Plan, promise: Promise) -> None:
        self.users = plan.first
        self.steps: list[Step] = []
        self.wrong = 0  # answers, settling or not: no load excuses them
        self.broken = ""
        self.done = False
        self._plan = plan
        self._promise = promise
        self._counting_since: float | None = None
        self._settled_at: float | None = None

    def tick(self, now: float, users: int, tally: Tally) -> int | None:
        """Say how many users there should be, or None when there is nothing more to learn.

        Args:
            now: Seconds on any clock.
            users: How many there are.
            tally: Where they count; emptied when a step begins and when it ends.
        """
        if self._counting_since is None:
            self._settle(now, users, tally)
        elif now - self._counting_since >= self._plan.hold:
            self._finish(now - self._counting_since, tally.take())
        return None if self.done else self.users

    def _settle(self, now: float, users: int, tally: Tally) -> None:
        if users < self.users:
            return
        self._settled_at = self._settled_at or now + self._plan.settle
        if now >= self._settled_at:
            self.wrong += tally.take().failures[WRONG]
            self._counting_since, self._settled_at = now, None

    def _finish(self, seconds: float, seen: Tally) -> None:
        self.steps.append(Step(self.users, seconds, seen))
        self.wrong += seen.failures[WRONG]
        self.broken = self._promise.broken_by(seen)
        self.done = bool(self.broken) or self.users >= self._plan.most
        self.users = self._plan.after(self.users)
        self._counting_since = None

    @property
    def failed(self) -> bool:
        """Whether the answer is bad news: wrong answers, not one step held, or no answer at all."""
        held = len(self.steps) - bool(self.broken)
        return bool(self.wrong) or not self.done or not held

    def __str__(self) -> str:
        return "\n".join([*map(str, self.steps), self._verdict()])

    def _verdict(self) -> str:
        if not self.done:
            return "Stopped before the breaking point was found."
        last = self.steps[-1].users
        if not self.broken:
            return f"No breaking point up to {last} users."
        held = f"{self.steps[-2].users} users were served" if self.steps[1:] else "no step was held"
        return f"Breaking point: {last} users ({self.broken}); {held}."
