"""Which rows a model must answer again, to the last digit, before it may serve."""

from typing import Any

import numpy as np

from train.part import Floats, Part

HELD_OUT = 62


def golden_rows(examples: list[Any], held_out: Part, scores: Floats) -> list[Any]:
    """The contract's examples, and held-out rows from the least to the greatest score.

    So the artifact of a model trained on a user's file holds some dozen rows of that file. They are
    contract rows: nothing the contract leaves out, such as a borrower's name, is among them.
    """
    by_score = np.argsort(scores, kind="stable")
    ranks = np.unique(np.linspace(0, len(by_score) - 1, HELD_OUT).round().astype(int))
    return [*examples, *(held_out.rows[index] for index in by_score[ranks])]
