"""Rows to counts: how many fell into which bin of the reference.

Counts are one array of whole numbers, so those of other rows, times and workers are added to them,
in any order, and nothing is lost. Probabilities are summed in steps of 2^-24 for the same reason.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.reference import OTHER, Categories, Floats, Numbers, Places, Reference, place
from monitoring.words import unknown_share, words

Counts = npt.NDArray[np.int64]
Fields = Sequence[dict[str, Any]]

# 2^63 / 2^24 = 5e11 rows can be summed, and a mean is off by less than 3e-8.
STEPS = 2**24
# Of so many rows counted at once so many texts are read: that is what a text costs most for.
READ_TEXTS, PER_ROWS = 32, 512

_fields = attrgetter("__dict__")


@dataclass(frozen=True)
class Layout:
    """Where in the counts what is found."""

    features: dict[str, slice]
    score: slice
    unseen: dict[str, int]
    grid: slice
    sum: int
    squares: int
    missed: int
    cells: int

    @classmethod
    def of(cls, reference: Reference) -> "Layout":
        """The features' bins, the score's, what was unseen by feature, the grid, three sums."""
        features, score = reference.features, reference.score
        closed = [name for name, each in features.items() if isinstance(each, Categories)]
        lengths = [len(each.bins) for each in (*features.values(), score)]
        *bins, unseen, grid = _slices([*lengths, len(closed), len(score.grid) + 1])
        return cls(
            features=dict(zip(features, bins, strict=False)),
            score=bins[-1],
            unseen={name: cell for cell, name in enumerate(closed, unseen.start)},
            grid=grid,
            sum=grid.stop,
            squares=grid.stop + 1,
            missed=grid.stop + 2,
            cells=grid.stop + 3,
        )

    def moments(self, counts: Counts) -> "Moments":
        """How many rows were counted, and the mean and standard deviation of their scores."""
        rows = int(counts[self.score].sum())
        mean, square = (int(counts[at]) / STEPS / max(rows, 1) for at in (self.sum, self.squares))
        return Moments(rows, mean, max(square - mean**2, 0.0) ** 0.5)


@dataclass(frozen=True)
class Moments:
    """What is known of scores without their bins."""

    rows: int
    mean: float
    deviation: float


def _slices(lengths: Sequence[int]) -> list[slice]:
    return [slice(start, stop) for start, stop in pairwise([0, *accumulate(lengths)])]


Column = Callable[[Fields], Places]


class Tally:
    """Counts rows; compiled once from a reference."""

    def __init__(self, reference: Reference) -> None:
        self.layout = Layout.of(reference)
        self._edges, self._grid = np.array(reference.score.edges), np.array(reference.score.grid)
        self._columns = list(_columns(reference, self.layout))
        self._unseen = list(self.layout.unseen.values())
        # An unseen category lies in the bin of others as well.
        self._other = [
            self.layout.features[name].start + reference.features[name].bins.index(OTHER)
            for name in self.layout.unseen
        ]

    def count(self, rows: Sequence[Any], scores: Floats) -> Counts:
        """Count some rows with the scores they got."""
        fields = list(map(_fields, rows))
        places = [column(fields) for column in self._columns]
        places.append(self._edges.searchsorted(scores, "right") + self.layout.score.start)
        places.append(self._grid.searchsorted(scores, "right") + self.layout.grid.start)
        counts = np.bincount(np.concatenate(places, axis=None), minlength=self.layout.cells)
        counts[self._other] += counts[self._unseen]
        counts[self.layout.sum] = np.rint(scores * STEPS).sum()
        counts[self.layout.squares] = np.rint(scores * scores * STEPS).sum()
        return counts

    def missed(self, rows: int) -> Counts:
        """Count rows that could not be looked at."""
        counts = np.zeros(self.layout.cells, np.int64)
        counts[self.layout.missed] = rows
        return counts


def _columns(reference: Reference, layout: Layout) -> Iterable[Column]:
    numbers: dict[int, Numbers] = {}
    for name, feature in reference.features.items():
        start = layout.features[name].start
        if isinstance(feature, Categories):
            yield _Category(feature, start, layout.unseen[name])
        elif feature.of == "value":
            numbers[start] = feature
        else:
            known = frozenset(reference.words[feature.field])
            yield _Text(feature, start, len if feature.of == "length" else _Unfamiliar(known))
    if numbers:
        yield _Matrix(numbers)


class _Matrix:
    """All fields that are numbers, read at once: a row's numbers go into memory in one call."""

    def __init__(self, numbers: dict[int, Numbers]) -> None:
        fields = [feature.field for feature in numbers.values()]
        # With one name it would give the value itself, not a tuple of one.
        self._get = itemgetter(*fields, fields[0])
        self._pack = struct.Struct(f"{len(fields) + 1}d").pack
        self._width = len(fields) + 1
        self._cuts = [feature.cuts for feature in numbers.values()]
        self._starts = np.array([[start] for start in numbers])
        self._nullable = [n for n, each in enumerate(numbers.values()) if each.nullable]

    def __call__(self, fields: Fields) -> Places:
        columns = np.ascontiguousarray(self._read(fields).T)
        pairs = zip(self._cuts, columns, strict=False)
        places: Places = np.array([cuts.searchsorted(column, "right") for cuts, column in pairs])
        for number in self._nullable:
            places[number] = place(self._cuts[number], columns[number], nullable=True)
        places += self._starts
        return places

    def _read(self, fields: Fields) -> Floats:
        values = map(self._get, fields)
        if self._nullable:
            return np.array(list(values), dtype=np.float64)
        pack = self._pack
        packed = b"".join([pack(*each) for each in values])
        return np.frombuffer(packed, np.float64).reshape(-1, self._width)


class _Category:
    """One field of few values; each value met is looked up by name once."""

    def __init__(self, feature: Categories, start: int, unseen: int) -> None:
        self._get = itemgetter(feature.field)
        self._places = _Places(feature, start, unseen)

    def __call__(self, fields: Fields) -> Places:
        found = map(self._places.__getitem__, map(self._get, fields))
        return np.fromiter(found, np.intp, len(fields))


class _Places(dict[object, int]):
    """From a value to its place. A contract bounds how many there are; this bounds it as well."""

    _MOST = 10_000

    def __init__(self, feature: Categories, start: int, unseen: int) -> None:
        super().__init__()
        self._feature = feature
        self._start = start
        self._unseen = unseen

    def __missing__(self, value: object) -> int:
        place = self._feature.place(value)
        found = self._unseen if place is None else self._start + place
        if len(self) < self._MOST:
            self[value] = found
        return found


class _Text:
    """One number of each text."""

    def __init__(self, feature: Numbers, start: int, measure: Callable[[str], float]) -> None:
        self._get = itemgetter(feature.field)
        self._cuts = feature.cuts
        self._start = start
        self._measure = measure
        self._all = feature.of == "length"

    def __call__(self, fields: Fields) -> Places:
        texts = [text or "" for text in map(self._get, fields)]
        if not self._all:
            texts = _spread(texts)
        values = np.fromiter(map(self._measure, texts), np.float64, len(texts))
        return place(self._cuts, values, nullable=False) + self._start


class _Unfamiliar:
    """The share of words that training did not know."""

    def __init__(self, known: frozenset[str]) -> None:
        self._known = known

    def __call__(self, text: str) -> float:
        return unknown_share(words(text), self._known)


def _spread(texts: list[str]) -> list[str]:
    """At most `READ_TEXTS` of every `PER_ROWS`, evenly spread."""
    most = READ_TEXTS * -(-len(texts) // PER_ROWS)
    return texts[:: -(-len(texts) // most)] if texts else texts
