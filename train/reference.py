"""The frozen reference of a trained model: what its fields and scores are watched against."""

from monitoring import profile
from monitoring.profile import Scored
from monitoring.reference import Reference
from train.part import Floats
from train.recipe import Outcome


def reference(outcome: Outcome, scores: Floats) -> Reference:
    """Freeze the fields of the rows trained on, and `scores`, those of the rows held out."""
    trained, held_out = outcome.parts["train"], outcome.parts["test"]
    scored = Scored(
        field=outcome.score,
        values=scores,
        threshold=outcome.runner.policy.threshold,
        positive=held_out.positive,
        weights=held_out.weights,
    )
    return profile.build(outcome.runner.contract, trained.rows, scored, trained.weights)
