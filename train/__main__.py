"""Train models, judge them on rows they have not seen, and save those that pass their gate.

Further commands, each with a --help of its own: promote, rollback, history, sign, retrain, compare,
formats, curve.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from train.display import Result, console, remarks, studies, summary
from train.options import add_order, add_track, check, order
from train.recipe import Order, names
from train.source import SourceError
from train.track import TrackError

# BentoML reports each saved model to its makers unless told otherwise before it is imported.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

REFUSED, UNUSABLE, INTERRUPTED = 1, 2, 130

COMMANDS = {
    "promote": "train.commands.promotion",
    "rollback": "train.commands.promotion",
    "history": "train.commands.promotion",
    "sign": "train.commands.signing",
    "retrain": "train.commands.retrain",
    "compare": "train.commands.compare",
    "formats": "train.commands.formats",
    "curve": "train.commands.curve",
}
"""Imported only when asked for: `--missing` mostly has nothing to do, and serving waits for it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 1 when a gate refused a model, or 2 when the data cannot be used."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if given and given[0] in COMMANDS:
            found: int = importlib.import_module(COMMANDS[given[0]]).main(given)
            return found
        return _train(given)
    except (SourceError, TrackError) as error:
        console(stderr=True).print(f"python -m train: {error}", markup=False, soft_wrap=True)
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED


def _train(given: Sequence[str]) -> int:
    parser = _parser()
    asked = parser.parse_args(given)
    wanted = order(asked)
    check(parser, wanted, asked.models)
    if asked.leak_demo:
        return _leak_demo(parser, asked.models, wanted)
    chosen = list(dict.fromkeys(asked.models)) or names()
    chosen = _missing(chosen) if asked.missing else chosen
    results = _run(chosen, wanted, force=asked.force, tracked=asked.track)
    show(results)
    return 0 if all(result.verdict.passed for result in results) else REFUSED


def _parser() -> argparse.ArgumentParser:
    known = ", ".join(names())
    parser = argparse.ArgumentParser(
        prog="python -m train",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("models", nargs="*", metavar="MODEL", help=f"which to train: {known}; default all")
    add_order(parser)
    add_track(parser)
    add("--force", action="store_true", help="save even a model that its gate refuses, so labelled")
    add("--missing", action="store_true", help="train only what has no passed model in the store")
    add(
        "--leak-demo",
        action="store_true",
        help="show what a loan model gains from columns that know the outcome; nothing is saved",
    )
    return parser


def _missing(chosen: list[str]) -> list[str]:
    from train.latest import passed  # noqa: PLC0415 - the quick way, see `COMMANDS`

    return [name for name in chosen if not passed(name)]


def _run(chosen: list[str], wanted: Order, *, force: bool, tracked: bool) -> list[Result]:
    if not chosen:
        return []
    from train.run import run  # noqa: PLC0415 - the quick way, see `COMMANDS`

    return [run(name, wanted, force=force, tracked=tracked) for name in chosen]


def _leak_demo(parser: argparse.ArgumentParser, models: list[str], wanted: Order) -> int:
    from train.leak_demo import demonstrate  # noqa: PLC0415 - the quick way, see `COMMANDS`

    if models != ["loan_default"]:
        parser.error("--leak-demo needs loan_default and no other model")
    for table in demonstrate(wanted):
        console().print(table)
    return 0


def show(results: list[Result]) -> None:
    """Print what was measured, saved or refused."""
    screen = console()
    if not results:
        screen.print("Every model is in the store.")
        return
    screen.print(summary(results))
    for result in results:
        if result.outcome.studies:
            screen.print(studies(result))
    for line in (line for result in results for line in remarks(result)):
        screen.print(line, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
