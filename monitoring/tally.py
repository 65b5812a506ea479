"""Rows to counts: how many fell into which bin of the reference.

Counts are one array of whole numbers, so those of other rows, times and workers are added to them,
in any order, and nothing is lost. Probabilities are summed in steps of 2^-24 for the same reason.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import attrgetter, itemgetter
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from monitoring.reference import OTHER, Categories, Floats, Numbers, Reference
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


class Tally:
    """Counts rows; compiled once from a reference."""

    def __init__(self, reference: Reference) -> None:
        self.layout = Layout.of(reference)
        self._columns = list(_columns(reference, self.layout))
        edges = [np.array(reference.score.edges), np.array(reference.score.grid)]
        self._scores = _Bins(edges, [self.layout.score.start, self.layout.grid.start])
        self._unseen = list(self.layout.unseen.values())
        # An unseen category lies in the bin of others as well.
        self._other = [
            self.layout.features[name].start + reference.features[name].bins.index(OTHER)
            for name in self.layout.unseen
        ]

    def count(self, rows: Sequence[Any], scores: Floats) -> Counts:
        """Count some rows with the scores they got."""
        counts, fields = np.zeros(self.layout.cells, np.int64), list(map(_fields, rows))
        for column in self._columns:
            column.add(fields, counts)
        counts[self._other] += counts[self._unseen]
        self._scores.add(np.stack([scores, scores]), counts)
        counts[self.layout.sum] = np.rint(scores * STEPS).sum()
        counts[self.layout.squares] = np.rint(scores * scores * STEPS).sum()
        return counts

    def missed(self, rows: int) -> Counts:
        """Count rows that could not be looked at."""
        counts = np.zeros(self.layout.cells, np.int64)
        counts[self.layout.missed] = rows
        return counts


class _Bins:
    """Some columns of numbers, counted at once.

    Each number is compared with each cut: with numbers in no order that is four times faster than
    to search for the right one, because the processor has nothing to guess.
    """

    def __init__(
        self, cuts: Sequence[Floats], starts: Sequence[int], nullable: Sequence[int] = ()
    ) -> None:
        most = max(map(len, cuts))
        # A column with fewer cuts has its last one again: between equals lies nothing.
        self._cuts = np.array([_padded(each, most) for each in cuts]).T[:, :, np.newaxis]
        last = [start + len(each) for start, each in zip(starts, cuts, strict=True)]
        self._cells = np.minimum(np.add.outer(np.arange(most + 1), starts), last)
        self._cells[most] = last
        self._nullable = list(nullable)

    def add(self, columns: Floats, counts: Counts) -> None:
        """Add columns of shape (number of them, rows)."""
        less = (columns < self._cuts).view(np.uint8).sum(axis=-1, dtype=np.uint32)
        bins = np.diff(less.astype(np.int64), axis=0, prepend=0, append=columns.shape[1])
        np.add.at(counts, self._cells, bins)
        # What is less than nothing, not even than the last cut, may be missing: its bin comes next.
        for number in self._nullable:
            missing = np.isnan(columns[number]).sum()
            above = self._cells[-1, number]
            counts[above : above + 2] += (-missing, missing)


def _padded(cuts: Floats, length: int) -> Floats:
    """Without any cut there is one bin: below infinity."""
    last = cuts[-1] if len(cuts) else np.inf
    return np.concatenate([cuts, np.full(length - len(cuts), last)])


class _Column(Protocol):
    def add(self, fields: Fields, counts: Counts) -> None: ...


def _columns(reference: Reference, layout: Layout) -> Iterator[_Column]:
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
        yield _Numbers(numbers)


class _Numbers:
    """All fields that are numbers, read at once: a row's numbers go into memory in one call."""

    def __init__(self, numbers: dict[int, Numbers]) -> None:
        features = list(numbers.values())
        fields = [feature.field for feature in features]
        # With one name it would give the value itself, not a tuple of one.
        self._get = itemgetter(*fields, fields[0])
        self._pack = struct.Struct(f"{len(fields) + 1}d").pack
        self._width = len(fields)
        nullable = [number for number, feature in enumerate(features) if feature.nullable]
        self._read = self._read_any if nullable else self._read_all
        self._bins = _Bins([feature.cuts for feature in features], [*numbers], nullable)

    def add(self, fields: Fields, counts: Counts) -> None:
        columns = self._read(map(self._get, fields))[:, : self._width].T
        self._bins.add(np.ascontiguousarray(columns), counts)

    def _read_any(self, values: Iterator[tuple[Any, ...]]) -> Floats:
        return np.array(list(values), dtype=np.float64)

    def _read_all(self, values: Iterator[tuple[Any, ...]]) -> Floats:
        pack = self._pack
        packed = b"".join([pack(*each) for each in values])
        return np.frombuffer(packed, np.float64).reshape(-1, self._width + 1)


class _Category:
    """One field of few values; each value met is looked up by name once."""

    def __init__(self, feature: Categories, start: int, unseen: int) -> None:
        self._get = itemgetter(feature.field)
        self._places = _Places(feature, start, unseen)

    def add(self, fields: Fields, counts: Counts) -> None:
        found = map(self._places.__getitem__, map(self._get, fields))
        counts += np.bincount(np.fromiter(found, np.intp, len(fields)), minlength=len(counts))


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
        self._bins = _Bins([feature.cuts], [start])
        self._measure = measure
        self._all = feature.of == "length"

    def add(self, fields: Fields, counts: Counts) -> None:
        texts = [text or "" for text in map(self._get, fields)]
        if not self._all:
            texts = _spread(texts)
        values = np.fromiter(map(self._measure, texts), np.float64, len(texts))
        self._bins.add(values[np.newaxis], counts)


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
