"""Rows to counts: how many fell into which bin of the reference."""

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, starmap
from operator import attrgetter, itemgetter
from typing import Any, Protocol

import numpy as np

from monitoring.bins import Bins
from monitoring.layout import STEPS, Counts, Layout
from monitoring.reference import OTHER, Categories, Floats, Numbers, Reference
from monitoring.words import unknown_share, words

Fields = Sequence[dict[str, Any]]

# Of so many rows counted at once so many texts are read: that is what a text costs most for.
READ_TEXTS, PER_ROWS = 32, 512

_fields = attrgetter("__dict__")


class Tally:
    """Counts rows; compiled once from a reference."""

    def __init__(self, reference: Reference) -> None:
        self.layout = Layout.of(reference)
        self._columns = list(_columns(reference, self.layout))
        edges = [np.array(reference.score.edges), np.array(reference.score.grid)]
        self._scores = Bins(edges, [self.layout.score.start, self.layout.grid.start])
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
        steps = scores * STEPS
        counts[self.layout.sum] = np.rint(steps).sum()
        counts[self.layout.squares] = np.rint(steps * scores).sum()
        return counts

    def missed(self, rows: int) -> Counts:
        """Count rows that could not be looked at."""
        counts = np.zeros(self.layout.cells, np.int64)
        counts[self.layout.missed] = rows
        return counts


class _Column(Protocol):
    def add(self, fields: Fields, counts: Counts) -> None: ...


def _columns(reference: Reference, layout: Layout) -> Iterator[_Column]:
    numbers: dict[int, Numbers] = {}
    categories: dict[str, _Places] = {}
    for name, feature in reference.features.items():
        start = layout.features[name].start
        if isinstance(feature, Categories):
            categories[feature.field] = _Places(feature, start, layout.unseen[name])
        elif feature.of == "value":
            numbers[start] = feature
        else:
            known = frozenset(reference.words[feature.field])
            yield _Text(feature, start, len if feature.of == "length" else _Unfamiliar(known))
    if categories:
        yield _Categories(categories)
    if numbers:
        yield _Numbers(numbers)


class _Numbers:
    """All fields that are numbers, read at once: a row's numbers go into memory in one call."""

    def __init__(self, numbers: dict[int, Numbers]) -> None:
        features = list(numbers.values())
        fields = [feature.field for feature in features]
        # With one name it would give the value itself, not a tuple of one.
        self._get = itemgetter(*fields) if len(fields) > 1 else _tuple_of_one(fields[0])
        self._row = struct.Struct(f"{len(fields)}d")
        nullable = [number for number, feature in enumerate(features) if feature.nullable]
        self._read = self._read_any if nullable else self._read_all
        self._bins = Bins([feature.cuts for feature in features], [*numbers], nullable)

    def add(self, fields: Fields, counts: Counts) -> None:
        columns = self._read(map(self._get, fields)).T
        self._bins.add(np.ascontiguousarray(columns), counts)

    def _read_any(self, values: Iterator[tuple[Any, ...]]) -> Floats:
        return np.array(list(values), dtype=np.float64)

    def _read_all(self, values: Iterator[tuple[Any, ...]]) -> Floats:
        packed = b"".join(starmap(self._row.pack, values))
        return np.frombuffer(packed, np.float64).reshape(-1, self._row.size // 8)


def _tuple_of_one(field: str) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
    return lambda fields: (fields[field],)


class _Categories:
    """All fields of few values; each value met is looked up by name once."""

    def __init__(self, places: Mapping[str, "_Places"]) -> None:
        self._places = [(itemgetter(name), each.__getitem__) for name, each in places.items()]

    def add(self, fields: Fields, counts: Counts) -> None:
        found = chain.from_iterable([map(place, map(get, fields)) for get, place in self._places])
        places = np.fromiter(found, np.intp, len(fields) * len(self._places))
        counts += np.bincount(places, minlength=len(counts))


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
        self._bins = Bins([feature.cuts], [start])
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
