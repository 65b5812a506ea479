"""Reviews with their label, from a file its user names or from the phrases in this repository."""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from models.sentiment import Review
from train.source import Source, SourceError, load

SUFFIXES = (".txt", ".tsv", ".csv")
PHRASES = Path(__file__).with_name("phrases.tsv")
CELLS = 2
LABELS = {"0": False, "1": True}

Row = list[str]
Labelled = tuple[Review, bool]


@dataclass(frozen=True, eq=False)
class Reviews:
    """Contract rows with their label; `dropped` counts the lines left out, by reason."""

    texts: list[Review]
    positive: npt.NDArray[np.bool_]
    source: str
    fingerprint: str
    synthetic: bool
    dropped: dict[str, int]


def read(path: Path) -> Reviews:
    """Read lines of a text, a tab or comma, and 0 or 1; of a folder, every file of `SUFFIXES`.

    A text that comes again is dropped, so that no text is both learned and tested on.
    """
    files = [load(file) for file in _files(path)]
    outcomes = list(_once(outcome for file in files for outcome in _outcomes(file)))
    kept = [outcome for outcome in outcomes if not isinstance(outcome, str)]
    dropped = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    if not kept:
        msg = f"{path.name} has no line of a text, a tab or comma, and 0 or 1: {dict(dropped)}"
        raise SourceError(msg)
    return Reviews(
        texts=[review for review, _ in kept],
        positive=np.array([label for _, label in kept]),
        source=" + ".join(file.name for file in files),
        fingerprint=_fingerprint(files),
        synthetic=False,
        dropped=dict(dropped.most_common()),
    )


def built_in() -> Reviews:
    """The phrases written for this project: enough to try everything out, too few to rely on."""
    return replace(read(PHRASES), source="built-in phrases", synthetic=True)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        msg = f"the folder {path.name} holds no {', '.join(SUFFIXES)} file"
        raise SourceError(msg)
    return files


def _outcomes(file: Source) -> Iterator[Labelled | str]:
    """For each line the labelled review, or the reason why there is none."""
    rows = _rows(file)
    if rows and rows[0][-1].strip().isidentifier():
        rows = rows[1:]  # a header: its last cell is a name, neither a number nor blank
    return (_outcome(row) for row in rows)


def _rows(file: Source) -> list[Row]:
    """Cells by line; with tabs a quote is a character like any other, and lines end by LF only."""
    text = file.data.decode("utf-8-sig", errors="replace")
    if "\t" in text.lstrip("\r\n ").partition("\n")[0]:
        return [line.split("\t") for line in text.split("\n") if line.strip()]
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as err:
        msg = f"{file.name} cannot be read as comma-separated text: {err}"
        raise SourceError(msg) from err


def _outcome(row: Row) -> Labelled | str:
    if len(row) != CELLS:
        return f"not a text and a label but {len(row)} cells"
    text, label = (cell.strip() for cell in row)
    if label not in LABELS:
        return "label is neither 0 nor 1"
    try:
        return Review(text=text), LABELS[label]
    except ValidationError as err:
        return f"text: {err.errors(include_url=False, include_input=False)[0]['msg']}"


def _once(outcomes: Iterable[Labelled | str]) -> Iterator[Labelled | str]:
    seen: set[str] = set()
    for outcome in outcomes:
        if isinstance(outcome, str):
            yield outcome
        elif outcome[0].text in seen:
            yield "text comes again"
        else:
            seen.add(outcome[0].text)
            yield outcome


def _fingerprint(files: list[Source]) -> str:
    """Of one file its own; of several the sha256 over theirs."""
    if len(files) == 1:
        return files[0].fingerprint
    return hashlib.sha256("".join(file.fingerprint for file in files).encode()).hexdigest()
