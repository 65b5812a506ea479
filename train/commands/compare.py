"""The usual classifiers on the same folds of the same rows: which is best, and by how much."""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table
from sklearn.model_selection import StratifiedKFold

from models._contract import AnyContract
from train import track
from train.bootstrap import Drawn, Measured, draw
from train.contenders import answers
from train.display import console, progress
from train.logged import asked as parameters
from train.logged import intervals
from train.options import add_order, add_track, check, order
from train.part import Floats, Part
from train.recipe import Order, find, names
from train.revision import lock_sha256

FOLDS = 5
SHOWN = {"roc_auc": "ROC-AUC", "brier": "Brier"}

Found = Mapping[str, Drawn]


def main(arguments: Sequence[str]) -> int:
    """Return 0: to compare is no verdict."""
    parser = argparse.ArgumentParser(prog="python -m train compare", description=__doc__)
    parser.add_argument("model", choices=names(), metavar="MODEL")
    add_order(parser)
    add_track(parser)
    asked = parser.parse_args(arguments[1:])
    wanted = order(asked)
    check(parser, wanted, [asked.model])
    with ExitStack() as stack:
        into = stack.enter_context(track.opened(asked.model, "compare")) if asked.track else None
        checked = find(asked.model).checked(wanted)
        found = _compared(asked.model, checked.part, wanted.seed, into)
        console().print(_table(asked.model, found))
        console().print(_best(found), markup=False, soft_wrap=True)
        if into:
            _log(into, found, wanted, checked.fingerprint)
            console().print(f"run {into.id} in {into.place}", markup=False, soft_wrap=True)
    return 0


def _compared(model: str, part: Part, seed: int, into: track.Run | None) -> Found:
    recipe = find(model)
    found = {}
    with progress(model) as report:
        candidates = recipe.candidates(seed)
        for number, (name, candidate) in enumerate(candidates.items()):
            report(name, number / len(candidates))
            scores = _out_of_fold(recipe.CONTRACT, candidate, part, seed)
            found[name] = draw(part, scores)
            if into:
                _log_candidate(into, name, candidate, found[name])
    return found


def _out_of_fold(contract: AnyContract, candidate: object, part: Part, seed: int) -> Floats:
    """What each row is answered by a model that has not learned it."""
    scores = np.empty(len(part))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learned, asked in folds.split(scores, part.positive):
        scores[asked] = answers(contract, candidate, part.take(learned), part.take(asked))
    return scores


def _ranked(found: Found) -> list[str]:
    """Best Brier score first: it punishes bad ranking and bad probabilities alike."""
    return sorted(found, key=lambda name: found[name].observed["brier"])


def _best(found: Found) -> str:
    """One sentence: the best, and whether its lead may be chance."""
    best, second = _ranked(found)[:2]
    margin = found[second].minus(found[best])["brier"]
    sure = "more than chance" if margin.interval[0] > 0 else "which may be chance"
    return f"Best: {best}, by a Brier score {_shown(margin)} below that of {second}, {sure}."


def _table(model: str, found: Found) -> Table:
    order = _ranked(found)
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


def _log_candidate(into: track.Run, name: str, candidate: Any, found: Drawn) -> None:
    """A run of its own inside the comparison, so that a tracker can sort them."""
    steps = getattr(candidate, "named_steps", None)
    classifier = list(steps.values())[-1] if steps else candidate
    with into.child(name) as run:
        run.parameters({"candidate": name, "folds": FOLDS, **classifier.get_params()})
        run.metrics(dict(intervals(found.measured())))


def _log(into: track.Run, found: Found, wanted: Order, fingerprint: str) -> None:
    best = _ranked(found)[0]
    into.parameters({**parameters(wanted), "folds": FOLDS})
    data = fingerprint if wanted.data else "built in"
    into.tags({"best": best, "verdict": _best(found)})
    into.tags({"data_sha256": data, "lock_sha256": lock_sha256() or ""})
    into.metrics(dict(intervals(found[best].measured())))
