"""The usual classifiers on the same folds of the same rows: which is best, and by how much."""

import argparse
from collections.abc import Mapping, Sequence

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from models._contract import AnyContract
from train.bootstrap import Drawn, Measured, draw
from train.contenders import answers
from train.display import console, progress
from train.options import add_order, check, order
from train.part import Floats, Part
from train.recipe import find, names

FOLDS = 5
SHOWN = {"roc_auc": "ROC-AUC", "brier": "Brier"}


def main(arguments: Sequence[str]) -> int:
    """Return 0: to compare is no verdict."""
    parser = argparse.ArgumentParser(prog="python -m train compare", description=__doc__)
    parser.add_argument("model", choices=names(), metavar="MODEL")
    add_order(parser)
    asked = parser.parse_args(arguments[1:])
    wanted = order(asked)
    check(parser, wanted, [asked.model])
    recipe = find(asked.model)
    part = recipe.read(wanted)
    found = {}
    with progress(asked.model) as report:
        candidates = recipe.candidates(wanted.seed)
        for number, (name, candidate) in enumerate(candidates.items()):
            report(name, number / len(candidates))
            scores = _out_of_fold(recipe.CONTRACT, candidate, part, wanted.seed)
            found[name] = draw(part, scores)
    console().print(_table(asked.model, found))
    return 0


def _out_of_fold(contract: AnyContract, candidate: object, part: Part, seed: int) -> Floats:
    """What each row is answered by a model that has not learned it."""
    scores = np.empty(len(part))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learned, asked in folds.split(scores, part.positive):
        scores[asked] = answers(contract, clone(candidate), part.take(learned), part.take(asked))
    return scores


def _table(model: str, found: Mapping[str, Drawn]) -> Table:
    """Best Brier score first: it punishes bad ranking and bad probabilities alike."""
    order = sorted(found, key=lambda name: found[name].observed["brier"])
    best = order[0]
    title = f"{model}: {FOLDS} folds, 95 % intervals"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    for heading in ("candidate", *SHOWN.values(), "Brier above the best"):
        table.add_column(heading, no_wrap=True)
    for name in order:
        measured = found[name].measured()
        margin = found[name].minus(found[best])["brier"]
        cells = [_shown(measured[metric]) for metric in SHOWN]
        table.add_row(name, *cells, "best" if name == best else _shown(margin))
    return table


def _shown(measured: Measured) -> str:
    low, high = measured.interval
    return f"{measured.value:.4f} [{low:.4f} {high:.4f}]"
