"""The gate: what a model's held-out metrics must reach before it may be served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from train.bootstrap import Measured
from train.subgroups import Subgroup


@dataclass(frozen=True)
class Gate:
    """What must hold: each metric in `floors` at least, each in `ceilings` at most.

    `leads` names baselines and by how much the held-out ROC-AUC must at least exceed theirs; below
    zero it may fall behind by that much. `group_floor` is for the ROC-AUC of every subgroup.
    """

    floors: Mapping[str, float]
    ceilings: Mapping[str, float] = field(default_factory=dict)
    leads: Mapping[str, float] = field(default_factory=dict)
    group_floor: float | None = None

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

    def check_leads(self, found: Mapping[str, Mapping[str, Measured]]) -> list[str]:
        """Say which baselines were not beaten; one that was not asked counts as such."""
        nothing = float("nan")
        ours = {
            name: found[name]["roc_auc"].value if name in found else nothing for name in self.leads
        }
        return [
            f"lead in ROC-AUC over the {name} baseline is {ours[name]:.4f}, should be at least "
            f"{least:g}"
            for name, least in self.leads.items()
            if not ours[name] >= least
        ]

    def check_groups(self, found: Sequence[Subgroup]) -> list[str]:
        """Say which subgroups the model serves too badly; too few rows prove nothing."""
        if self.group_floor is None:
            return []
        return [
            f"ROC-AUC where {group.field} is {group.value} is {group.roc_auc:.4f}, should be at "
            f"least {self.group_floor:g}"
            for group in found
            if group.roc_auc is not None and not group.roc_auc >= self.group_floor
        ]


def _shown(metrics: Mapping[str, float], name: str) -> str:
    return f"{metrics[name]:.4f}" if name in metrics else "not measured"
