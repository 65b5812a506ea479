"""From what was answered to what was found."""

from train.bootstrap import draw
from train.costs import Costs
from train.study import MODEL, Confusion, Findings, Study, confusion, curve


def findings(study: Study, costs: Costs, threshold: float) -> Findings:
    """Measure every contender of a study, and what the model's decisions cost."""
    base, part = study.held_out.base_rate, study.held_out
    scores = study.answers[MODEL]
    decided = confusion(part, scores, threshold)
    drawn = {name: draw(part, each) for name, each in study.answers.items()}
    return Findings(
        split=study.split,
        fingerprint=study.fingerprint,
        rows=dict(study.rows),
        base_rate=base,
        base_brier=base * (1 - base),
        metrics={name: each.measured() for name, each in drawn.items()},
        leads={name: drawn[MODEL].minus(each) for name, each in drawn.items() if name != MODEL},
        calibration_curve=curve(part, scores),
        confusion=decided,
        cost=_cost(decided, costs),
        cost_of_never=base * costs.false_negative,
        cost_of_always=(1 - base) * costs.false_positive,
    )


def worse_than_constant(found: Findings) -> str | None:
    """In words, where a constant answer has a lower Brier score than the model; None elsewhere."""
    brier = found.metrics[MODEL]["brier"].value
    if brier <= found.base_brier:
        return None
    return (
        f"by Brier score the model is worse than a constant answer, {brier:.4f} against "
        f"{found.base_brier:.4f}: believe its ranking, not its probabilities"
    )


def _cost(decided: Confusion, costs: Costs) -> float:
    """A row, on average."""
    return (
        decided.false_negative * costs.false_negative
        + decided.false_positive * costs.false_positive
    )
