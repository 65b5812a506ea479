"""How much more rows would help: the held-out ROC-AUC by the number of rows learned."""

import argparse
from collections.abc import Sequence

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from sklearn.model_selection import StratifiedKFold

from train.bootstrap import Drawn, Measured, draw
from train.contenders import answers
from train.display import console, progress
from train.options import add_order, check, order
from train.part import Floats, Part
from train.recipe import Order, Recipe, find, names

FOLDS = 5
SHARES = (0.125, 0.25, 0.5, 1.0)


def main(arguments: Sequence[str]) -> int:
    """Return 0."""
    parser = argparse.ArgumentParser(prog="python -m train curve", description=__doc__)
    parser.add_argument("model", choices=names(), metavar="MODEL")
    add_order(parser)
    asked = parser.parse_args(arguments[1:])
    wanted = order(asked)
    check(parser, wanted, [asked.model])
    recipe = find(asked.model)
    part = recipe.checked(wanted).part
    console().print(
        _table(
            asked.model,
            recipe.SERVED,
            part,
            {share: draw(part, scores) for share, scores in _curve(recipe, part, wanted).items()},
        )
    )
    return 0


def _curve(recipe: Recipe, part: Part, wanted: Order) -> dict[float, Floats]:
    """For each share, what every row is answered by a model that learned that share of the rest."""
    found = {}
    with progress("curve") as report:
        for number, share in enumerate(SHARES):
            report(f"{share:.0%} of the rows", number / len(SHARES))
            found[share] = _out_of_fold(recipe, part, share, wanted.seed)
    return found


def _out_of_fold(recipe: Recipe, part: Part, share: float, seed: int) -> Floats:
    candidate = recipe.candidates(seed)[recipe.SERVED]
    scores = np.empty(len(part))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learned, asked in folds.split(scores, part.positive):
        # The first of a shuffled fold, so that each share holds the smaller ones.
        some = np.random.default_rng(seed).permutation(learned)[: round(share * len(learned))]
        scores[asked] = answers(recipe.CONTRACT, candidate, part.take(some), part.take(asked))
    return scores


def _table(model: str, candidate: str, part: Part, found: dict[float, Drawn]) -> Table:
    title = f"{model}: {candidate}, {FOLDS} folds, 95 % intervals"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    for heading in ("rows learned", "ROC-AUC", "more than the line above", "Brier"):
        table.add_column(heading, justify="right", no_wrap=True)
    last: Drawn | None = None
    for share, drawn in found.items():
        measured = drawn.measured()
        gained = _shown(drawn.minus(last)["roc_auc"], "+") if last else ""
        rows = round(share * len(part) * (FOLDS - 1) / FOLDS)
        table.add_row(f"{rows:,}", _shown(measured["roc_auc"]), gained, _shown(measured["brier"]))
        last = drawn
    return table


def _shown(measured: Measured, sign: str = "") -> str:
    low, high = measured.interval
    return f"{measured.value:{sign}.4f} [{low:{sign}.4f} {high:{sign}.4f}]"
