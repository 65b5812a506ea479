"""Train models, judge them on rows they have not seen, and save those that pass their gate."""

import argparse
import math
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from train.display import Result, console, progress, remarks, summary
from train.loans import ClassWeights
from train.recipe import Order, find, names
from train.source import SourceError

# BentoML reports each saved model to its makers unless told otherwise before it is imported.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

REFUSED, UNUSABLE, INTERRUPTED = 1, 2, 130
MOST_SEED = 2**32 - 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0, or 1 when a gate refused a model, or 2 when the data cannot be used."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    order = Order(asked.data, asked.seed, asked.class_weights)
    chosen = _chosen(parser, asked)
    try:
        results = [_train(name, order, force=asked.force) for name in chosen]
    except SourceError as error:
        console(stderr=True).print(f"{parser.prog}: {error}", markup=False, soft_wrap=True)
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    _show(results)
    return 0 if all(result.verdict.passed for result in results) else REFUSED


def _parser() -> argparse.ArgumentParser:
    known = ", ".join(names())
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    add = parser.add_argument
    add("models", nargs="*", metavar="MODEL", help=f"which to train: {known}; default all")
    add("--data", type=Path, metavar="PATH", help="train the one model named on this file")
    add("--seed", type=_seed, default=Order.seed, help=f"of split and fit, default {Order.seed}")
    add(
        "--class-weights",
        type=_class_weights,
        metavar="PAID,CHARGED_OFF",
        help="loans that one row of a class-balanced file stands for, such as 74.020,15.764",
    )
    add("--force", action="store_true", help="save even a model that its gate refuses, so labelled")
    add("--missing", action="store_true", help="train only what has no passed model in the store")
    return parser


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed <= MOST_SEED:
        raise ValueError
    return seed


def _class_weights(text: str) -> ClassWeights:
    paid, charged_off = (float(part) for part in text.split(","))
    if not (0 < paid < math.inf and 0 < charged_off < math.inf):
        raise ValueError
    return paid, charged_off


# argparse says "invalid <name> value".
_seed.__name__, _class_weights.__name__ = "seed", "PAID,CHARGED_OFF"


def _chosen(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> list[str]:
    """The models to train; what cannot be meant ends here with exit code 2."""
    unknown = [name for name in asked.models if name not in names()]
    if unknown:
        parser.error(f"there is no model {', '.join(unknown)}; there are {', '.join(names())}")
    given = {"data": asked.data, "class_weights": asked.class_weights}
    for option in (name for name, value in given.items() if value is not None):
        _check_option(parser, option, asked.models)
    chosen = list(dict.fromkeys(asked.models)) or names()
    return _missing(chosen) if asked.missing else chosen


def _check_option(parser: argparse.ArgumentParser, option: str, models: list[str]) -> None:
    written = f"--{option.replace('_', '-')}"
    if len(models) != 1:
        parser.error(f"{written} needs exactly one model")
    if option not in find(models[0]).OPTIONS:
        parser.error(f"{models[0]} does not take {written}")


def _missing(chosen: list[str]) -> list[str]:
    from train.latest import passed  # noqa: PLC0415 - the quick way, see `_train`

    return [name for name in chosen if not passed(name)]


def _train(name: str, order: Order, *, force: bool) -> Result:
    # Imported only here: `--missing` mostly has nothing to train, and serving waits for it.
    from train import store  # noqa: PLC0415
    from train.evaluate import judge  # noqa: PLC0415

    started, clock = datetime.now(UTC), time.perf_counter()
    with progress(name) as report:
        report("loading libraries", 0)
        outcome = find(name).train(order, report)
        seconds = time.perf_counter() - clock
        report("evaluating", 1)
        verdict = judge(outcome)
        tag = None
        if verdict.passed or force:
            report("saving", 1)
            tag = store.save(outcome, verdict, started, seconds)
    return Result(name, outcome, verdict, tag)


def _show(results: list[Result]) -> None:
    screen = console()
    if not results:
        screen.print("Every model is in the store.")
        return
    screen.print(summary(results))
    for line in (line for result in results for line in remarks(result)):
        screen.print(line, markup=False, soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
