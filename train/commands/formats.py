"""The formats a model could be stored in: size, time, and what becomes of a damaged file."""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import bentoml
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from models._contract import Probabilities
from serving import estimator
from train.damage import BITS, NOTICED, UNCHANGED, WRONG, damage
from train.display import console, progress
from train.formats import FORMATS, Format, NoFormatError, predict, whole_model
from train.latest import current
from train.recipe import Order, find, names
from train.source import SourceError

ROWS = 200
REPEATS = 5
NOTE = f"Times: the least of {REPEATS}. The last three: of {BITS} files with one flipped bit each."
HEADINGS = ("format", "kB", "save ms", "load ms", "answers", NOTICED, UNCHANGED, WRONG)


def main(arguments: Sequence[str]) -> int:
    """Return 0.

    Raises:
        SourceError: the store holds no such model.
    """
    parser = argparse.ArgumentParser(prog="python -m train formats", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default all; as stored")
    chosen = parser.parse_args(arguments[1:]).models or names()
    unknown = [name for name in chosen if name not in names()]
    if unknown:
        parser.error(f"there is no model {', '.join(unknown)}; there are {', '.join(names())}")
    for name in chosen:
        console().print(_table(name))
    return 0


def _table(name: str) -> Table:
    model, features = _stored(name)
    table = Table(title=f"{name}", title_justify="left", box=SIMPLE_HEAD, show_edge=False)
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in ("format", "answers") else "right")
    missing = []
    with progress(name) as report, TemporaryDirectory() as folder:
        for number, form in enumerate(FORMATS):
            report(form.name, number / len(FORMATS))
            try:
                table.add_row(form.name, *_cells(form, model, features, Path(folder)))
            except NoFormatError as error:
                missing.append(f"No {form.name}: {error}")
    table.caption, table.caption_justify = "\n".join([NOTE, *missing]), "left"
    return table


def _stored(name: str) -> tuple[Any, Any]:
    """The model that is served now, and rows of the built-in data to ask it about."""
    tag = current(name)
    if tag is None:
        msg = f"the store has no {name} that passed its gate: `python -m train {name}` makes one"
        raise SourceError(msg)
    recipe = find(name)
    loaded = estimator.load(Path(bentoml.models.get(tag).path))
    return whole_model(loaded), recipe.CONTRACT.features(recipe.read(Order()).rows[:ROWS])


def _cells(form: Format, model: Any, features: Any, folder: Path) -> Iterator[str]:
    path = folder / "model"
    saving = _least(lambda: form.write(model, features, path))
    yield f"{path.stat().st_size / 1_000:,.0f}"
    yield f"{saving:.1f}"
    yield f"{_least(lambda: form.read(path)):.1f}"
    answers = form.read(path)(features)
    yield _agreement(answers, predict(model)(features))
    found = damage(path, form, features, answers)
    yield from (str(found[outcome]) for outcome in (NOTICED, UNCHANGED, WRONG))


def _agreement(answers: Probabilities, expected: Probabilities) -> str:
    if np.array_equal(answers, expected):
        return "same bits"
    return f"off by {np.abs(answers - expected).max():.0e}"


def _least(do: Callable[[], object]) -> float:
    """Milliseconds of the fastest of some."""
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        do()
        found.append(time.perf_counter() - started)
    return 1_000 * min(found)
