"""Which stored version is served: `promote`, `rollback` and `history`."""

import argparse
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table

from train.display import console
from train.history import Event, HistoryError, history, promote, rollback
from train.recipe import names

IMPOSSIBLE = 1


def main(arguments: Sequence[str]) -> int:
    """Return 0, or 1 when the store does not allow it."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "history":
            console().print(_table(history(asked.model)))
            return 0
        change = promote if asked.command == "promote" else rollback
        console().print(f"latest is now {change(asked.model, asked.why, asked.who)}", markup=False)
    except HistoryError as error:
        console(stderr=True).print(f"python -m train: {error}", markup=False, soft_wrap=True)
        return IMPOSSIBLE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, target in (("promote", "MODEL:VERSION"), ("rollback", "MODEL"), ("history", "MODEL")):
        command = commands.add_parser(name)
        choices = None if name == "promote" else names()
        command.add_argument("model", metavar=target, choices=choices)
        if name != "history":
            command.add_argument("--why", required=True, help="the reason, kept with the model")
            command.add_argument("--who", help="default: the user who runs this")
    return parser


def _table(events: Sequence[Event]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False)
    for heading in ("when", "version", "what", "who", "why"):
        table.add_column(heading, no_wrap=heading == "version")
    for event in events:
        mark = " *" if event.current else ""
        when = event.when.astimezone().isoformat(" ", "seconds")
        table.add_row(when, event.tag + mark, event.what, event.who, event.why)
    table.caption, table.caption_justify = "* is latest", "left"
    return table
