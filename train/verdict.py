"""What was measured of a model, and what its gate says to that."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """All metrics by name, and the lines of the gate that failed."""

    metrics: dict[str, float]
    failures: list[str]

    @property
    def passed(self) -> bool:
        """Good enough to be served."""
        return not self.failures
