"""The gate: what a model's held-out metrics must reach before it may be served."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Gate:
    """Absolute limits: each metric in `floors` at least, each in `ceilings` at most."""

    floors: Mapping[str, float]
    ceilings: Mapping[str, float] = field(default_factory=dict)

    def check(self, metrics: Mapping[str, float]) -> list[str]:
        """Say in words which lines failed; an empty list is a pass. What was not measured fails."""
        low = [
            f"{name} is {_shown(metrics, name)}, should be at least {floor:g}"
            for name, floor in self.floors.items()
            # Put this way round so that NaN fails too.
            if not metrics.get(name, float("nan")) >= floor
        ]
        high = [
            f"{name} is {_shown(metrics, name)}, should be at most {ceiling:g}"
            for name, ceiling in self.ceilings.items()
            if not metrics.get(name, float("nan")) <= ceiling
        ]
        return low + high


def _shown(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[name]:.4f}" if name in metrics else "not measured"
