"""The whole loop: how new data differ from what the stored model learned, fit, gate, save."""

import argparse
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from monitoring.drift import Drift
from train.__main__ import REFUSED, show
from train.challenge import champion
from train.display import console
from train.drift import drift
from train.options import add_order, add_track, check, order
from train.recipe import Order, find, names
from train.run import run

NO_REPORT = "no drift report: there is no stored model, or none with a reference of this form"


def main(arguments: Sequence[str]) -> int:
    """Return 0, or 1 when the new model was refused and the stored one stays."""
    parser = argparse.ArgumentParser(prog="python -m train retrain", description=__doc__)
    parser.add_argument("model", choices=names(), metavar="MODEL")
    add_order(parser)
    add_track(parser)
    asked = parser.parse_args(arguments[1:])
    wanted = order(asked)
    check(parser, wanted, [asked.model])
    if wanted.data is None:
        parser.error("--data names the new file")
    found = _drift(asked.model, wanted)
    console().print(_table(found) if found else NO_REPORT)
    result = run(asked.model, wanted, tracked=asked.track)
    show([result])
    return 0 if result.verdict.passed else REFUSED


def _drift(name: str, wanted: Order) -> Drift | None:
    recipe = find(name)
    stored = champion(recipe.CONTRACT)
    return drift(stored, recipe.read(wanted), wanted.seed) if stored else None


def _table(found: Drift) -> Table:
    table = Table(title=f"New rows against those learned before: {found.verdict}", box=SIMPLE_HEAD)
    for heading in ("field", "PSI", "verdict"):
        table.add_column(heading)
    for name, each in {**found.features, "score": found.score}.items():
        table.add_row(name, f"{each.psi:.3f}", each.verdict)
    return table
