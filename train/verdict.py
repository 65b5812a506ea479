"""What was measured of a model, and what its gate says to that."""

from dataclasses import dataclass, field

from train.challenge import Challenge
from train.study import Findings
from train.subgroups import Subgroup


@dataclass(frozen=True)
class Verdict:
    """All metrics by name, and the lines of the gate that failed.

    The first of the `findings` is of the model itself, the others are of the recipe's studies.
    """

    metrics: dict[str, float]
    failures: list[str]
    findings: list[Findings] = field(default_factory=list)
    subgroups: list[Subgroup] = field(default_factory=list)
    challenge: Challenge | None = None

    @property
    def passed(self) -> bool:
        """Good enough to be served."""
        return not self.failures
