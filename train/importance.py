"""How much worse the model ranks when one field of the rows is shuffled among them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.kinds import kinds
from train.part import Floats, Integers, Part
from train.ranking import Ranking
from train.recipe import Outcome

REPEATS = 2
MOST_ROWS = 1_000
MOST_FIELDS = 15


def importance(outcome: Outcome) -> dict[str, float]:
    """The loss of held-out ROC-AUC by field, the greatest first; nothing where there is one field.

    Fields that say the same as others seem to matter little: the others still tell.
    """
    fields = list(kinds(outcome.runner.contract.ROW))
    if len(fields) == 1:
        return {}
    rng = np.random.default_rng(outcome.data.seed)
    whole = outcome.parts["test"]
    part = whole.take(np.sort(rng.permutation(len(whole))[:MOST_ROWS]))
    known = _auc(outcome, part, part.rows)
    lost = {
        field: known
        - float(np.mean([_shuffled(outcome, part, field, rng) for _ in range(REPEATS)]))
        for field in fields
    }
    return dict(sorted(lost.items(), key=lambda each: -each[1])[:MOST_FIELDS])


def _shuffled(outcome: Outcome, part: Part, field: str, rng: np.random.Generator) -> float:
    order: Integers = rng.permutation(len(part))
    # Not validated: what does not go together is exactly what shuffling makes.
    rows = [
        row.model_copy(update={field: getattr(part.rows[other], field)})
        for row, other in zip(part.rows, order.tolist(), strict=True)
    ]
    return _auc(outcome, part, rows)


def _auc(outcome: Outcome, part: Part, rows: Sequence[Any]) -> float:
    answers = outcome.runner.predict(rows)
    scores: Floats = np.array([getattr(answer, outcome.score) for answer in answers])
    return Ranking(part.positive, scores).roc_auc(part.weights)
