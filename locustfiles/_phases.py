"""A base load, a spike, and the base load again."""

from dataclasses import dataclass

from locustfiles._tally import REFUSED, Tally

BEFORE, DURING, AFTER = "before", "during", "after"


@dataclass(frozen=True)
class Plan:
    """Users, the factor of the spike, and the seconds of each phase."""

    base: int
    factor: float
    before: float
    during: float
    after: float

    def phase(self, elapsed: float) -> str | None:
        """Say which phase it is; None at the end."""
        for name, seconds in ((BEFORE, self.before), (DURING, self.during), (AFTER, self.after)):
            if elapsed < seconds:
                return name
            elapsed -= seconds
        return None

    def users(self, phase: str) -> int:
        return round(self.base * self.factor) if phase == DURING else self.base


class Phases:
    """Asked about once a second how many users there should be; keeps what each phase saw."""

    def __init__(self, plan: Plan) -> None:
        self.seen: dict[str, Tally] = {}
        self._plan = plan
        self._phase: str | None = BEFORE

    def tick(self, elapsed: float, tally: Tally) -> int | None:
        """Say how many, or None at the end; `tally` is emptied when a phase ends."""
        phase = self._plan.phase(elapsed)
        if phase != self._phase and self._phase:
            self.seen[self._phase] = tally.take()
        self._phase = phase
        return None if phase is None else self._plan.users(phase)

    @property
    def failed(self) -> bool:
        """Whether it went worse than it may: in the spike, requests may be refused."""
        return not all(self._fine(phase) for phase in (BEFORE, DURING, AFTER))

    def _fine(self, phase: str) -> bool:
        seen = self.seen.get(phase, Tally())
        allowed = seen.failures[REFUSED] if phase == DURING else 0
        return bool(seen.times) and seen.failures.total() == allowed

    def __str__(self) -> str:
        return "\n".join(
            f"{phase:6} ({self._plan.users(phase)} users)  {seen}"
            for phase, seen in self.seen.items()
        )
