"""What can be asked of training on the command line, and how it is checked."""

import argparse
import math
from pathlib import Path

from train.loans import ClassWeights
from train.recipe import Order, find, names

MOST_SEED = 2**32 - 1


def add_order(parser: argparse.ArgumentParser) -> None:
    """The options that become an `Order`."""
    add = parser.add_argument
    add("--data", type=Path, metavar="PATH", help="train the one model named on this file")
    add("--seed", type=_seed, default=Order.seed, help=f"of split and fit, default {Order.seed}")
    add(
        "--class-weights",
        type=_class_weights,
        metavar="PAID,CHARGED_OFF",
        help="loans that one row of a class-balanced file stands for, such as 74.020,15.764",
    )
    add(
        "--cost-false-negative",
        type=_positive,
        metavar="COST",
        help="of a positive row taken for negative; with the other cost it sets the threshold",
    )
    add(
        "--cost-false-positive",
        type=_positive,
        metavar="COST",
        help="of a negative row taken for positive, in the same unit",
    )
    add(
        "--budget",
        type=_positive,
        metavar="MINUTES",
        help="search for better settings so long, by cross-validation on the training rows",
    )


def add_track(parser: argparse.ArgumentParser) -> None:
    """The option that asks for a run in MLflow."""
    parser.add_argument(
        "--track",
        action="store_true",
        help="record the run in MLflow: in .mlflow/mlflow.db, or where MLFLOW_TRACKING_URI says",
    )


def order(asked: argparse.Namespace) -> Order:
    """What the options say."""
    return Order(
        data=asked.data,
        seed=asked.seed,
        class_weights=asked.class_weights,
        cost_false_negative=asked.cost_false_negative,
        cost_false_positive=asked.cost_false_positive,
        budget=asked.budget,
    )


def check(parser: argparse.ArgumentParser, asked: Order, models: list[str]) -> None:
    """What cannot be meant ends here with exit code 2."""
    unknown = [name for name in models if name not in names()]
    if unknown:
        parser.error(f"there is no model {', '.join(unknown)}; there are {', '.join(names())}")
    for option, value in vars(asked).items():
        if option != "seed" and value is not None:
            _check_option(parser, option, models)


def _check_option(parser: argparse.ArgumentParser, option: str, models: list[str]) -> None:
    written = f"--{option.replace('_', '-')}"
    if len(models) != 1:
        parser.error(f"{written} needs exactly one model")
    if option not in find(models[0]).OPTIONS:
        parser.error(f"{models[0]} does not take {written}")


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed <= MOST_SEED:
        raise ValueError
    return seed


def _class_weights(text: str) -> ClassWeights:
    paid, charged_off = (_positive(part) for part in text.split(","))
    return paid, charged_off


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise ValueError
    return number


# argparse says "invalid <name> value".
_seed.__name__, _class_weights.__name__, _positive.__name__ = (
    "seed",
    "PAID,CHARGED_OFF",
    "positive number",
)
