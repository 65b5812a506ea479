"""What was seen in some time: how long right answers took, and what the others were."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from clients.answer import RefusedError, WrongAnswerError
from clients.percentile import percentile

REFUSED, UNANSWERED, WRONG = "refused", "unanswered", "wrong"


@dataclass
class Tally:
    """`times` are milliseconds in three digits, so that a long run needs little memory.

    An answer that is not right is a failure, and its time is no time.
    """

    times: Counter[float] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, milliseconds: float, error: BaseException | None) -> None:
        if error is None:
            self.times[float(f"{milliseconds:.3g}")] += 1
        else:
            self.failures[_kind(error)] += 1

    def merge(self, other: "Tally") -> None:
        self.times.update(other.times)
        self.failures.update(other.failures)

    def take(self) -> "Tally":
        """Hand over what was seen since the last time."""
        taken = Tally(self.times, self.failures)
        self.times, self.failures = Counter(), Counter()
        return taken

    def pack(self) -> dict[str, Any]:
        """As a message from one Locust process to another."""
        return {"times": list(self.times.items()), "failures": list(self.failures.items())}

    @classmethod
    def unpack(cls, message: dict[str, Any]) -> "Tally":
        return cls(Counter(dict(message["times"])), Counter(dict(message["failures"])))

    @property
    def total(self) -> int:
        return self.times.total() + self.failures.total()

    @property
    def failed(self) -> bool:
        """Whether anything failed; nothing at all is no success either."""
        return bool(self.failures) or not self.times

    @property
    def failed_percent(self) -> float:
        return 100 * self.failures.total() / self.total if self.total else 0.0

    def percentile(self, share: float) -> float | None:
        return percentile(self.times, share)

    def __str__(self) -> str:
        """One line for people."""
        failed = ", ".join(f"{self.failures[kind]} {kind}" for kind in (REFUSED, UNANSWERED, WRONG))
        median, p95 = self.percentile(0.5), self.percentile(0.95)
        if not median or not p95:
            return f"no right answer; {failed}"
        return (
            f"{self.times.total()} right answers: median {median:g} ms, p95 {p95:g} ms, "
            f"p99 {self.percentile(0.99):g} ms, max {self.percentile(1):g} ms, "
            f"p95/median {p95 / median:.1f}; {failed}"
        )


def _kind(error: BaseException) -> str:
    if isinstance(error, RefusedError):
        return REFUSED
    return WRONG if isinstance(error, WrongAnswerError) else UNANSWERED
