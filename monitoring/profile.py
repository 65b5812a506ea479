"""From training rows to the reference. Training calls this; serving reads what came of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models._contract import AnyContract
from monitoring.kinds import FieldKind, kinds
from monitoring.reference import (
    MISSING,
    Bools,
    Categories,
    Feature,
    Floats,
    Numbers,
    Of,
    Places,
    Reference,
    Score,
    cuts,
    label,
    place,
)
from monitoring.words import vocabulary

MOST_BINS = 10
# With fewer rows a bin's own share is known too badly to compare with.
ROWS_PER_BIN = 20
# All but two in a thousand lie between these quantiles: what is outside is hardly known.
RARE = 0.001
# A level of a category has a bin of its own with a share that gives 5 of the 500 rows from which on
# there are verdicts: a chi-square takes no fewer.
LEAST_SHARE = 0.01
MOST_LEVELS = 50
# No bin counts for less: beyond the last of m rows, on either side, lies one row in m + 1, and the
# other half of it comes by smoothing.
LEAST_ROWS = 0.5

# What scores are worth is asked at every twentieth, of the probability and of the rows.
GRID = np.arange(1, 20) / 20
BELIEVED = 10


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows, each standing for as many of the population as its weight says, else for one."""

    rows: Sequence[Any] | Floats
    weights: Floats | None = None

    @property
    def weight(self) -> Floats:
        """One number a row, with sum 1."""
        weights = np.ones(len(self.rows)) if self.weights is None else self.weights
        return np.asarray(weights / weights.sum(), dtype=np.float64)

    @property
    def size(self) -> float:
        """How many unweighted rows would say as much: (sum of w)^2 / sum of w^2 (Kish, 1965)."""
        return float(1 / np.square(self.weight).sum())


@dataclass(frozen=True, eq=False)
class Scored:
    """Held-out rows as the model answered them.

    Args:
        field: The field of a prediction that holds the probability of the positive outcome.
        values: That probability, one a row.
        threshold: From which on the decision is positive.
        positive: What came out; without it the probabilities are believed.
        weights: As in `Sample`.
    """

    field: str
    values: Floats
    threshold: float
    positive: Bools | None = None
    weights: Floats | None = None


def build(
    contract: AnyContract, rows: Sequence[Any], scored: Scored, weights: Floats | None = None
) -> Reference:
    """Freeze how the fields of the training rows lay, and how the scores of held-out rows did.

    The scores are of held-out rows because a model is surer of rows that it has learned. Which
    fields there are and what they hold comes from the contract's schema.
    """
    sample = Sample(rows, weights)
    features: dict[str, Feature] = {}
    known: dict[str, tuple[str, ...]] = {}
    for name, kind in kinds(contract.ROW).items():
        if kind.kind == "text":
            texts = [getattr(row, name) or "" for row in rows]
            known[name], unknown = vocabulary(texts)
            features |= _text(name, texts, unknown, sample)
        else:
            features |= _plain(name, kind, sample)
    return Reference(features=features, words=known, score=_score(scored))


def _text(
    name: str, texts: Sequence[str], unknown: Sequence[float], sample: Sample
) -> Iterator[tuple[str, Feature]]:
    """Two numbers tell of a text: how long it is, and how many of its words are not known."""
    derived: list[tuple[Of, Sequence[float]]] = [
        ("length", [len(text) for text in texts]),
        ("unknown_words", unknown),
    ]
    for of, values in derived:
        numbers = Numbers(
            field=name, of=of, nullable=False, **_bins(np.array(values, dtype=float), sample)
        )
        yield f"{name}.{of}", numbers


def _plain(name: str, kind: FieldKind, sample: Sample) -> Iterator[tuple[str, Feature]]:
    values = [getattr(row, name) for row in sample.rows]
    if kind.kind == "category":
        yield name, _categories(name, values, sample, nullable=kind.nullable)
    elif any(value is not None for value in values):
        numbers = np.array(values, dtype=float)
        found = _bins(numbers, sample, nullable=kind.nullable)
        yield name, Numbers(field=name, of="value", nullable=kind.nullable, **found)


def _bins(values: Floats, sample: Sample, *, nullable: bool = False) -> dict[str, Any]:
    there = ~np.isnan(values)
    known, weight = values[there], sample.weight[there]
    low, high = np.quantile(known, (RARE, 1 - RARE), weights=weight, method="inverted_cdf").tolist()
    quantiles = _quantiles(known, weight, sample.size)
    ties = quantiles[1:][quantiles[1:] == quantiles[:-1]]
    edges = np.unique(np.concatenate([quantiles, _next(known, np.unique(ties))]))
    edges = edges[(edges > low) & (edges <= high)]
    places = place(cuts(low, edges.tolist(), high), values, nullable=nullable)
    shares = _shares(places, len(edges) + 3 + nullable, sample)
    return {"low": low, "high": high, "edges": tuple(edges.tolist()), **shares}


def _quantiles(values: Floats, weight: Floats, size: float) -> Floats:
    """Deciles, or fewer where there are few rows."""
    bins = int(np.clip(size // ROWS_PER_BIN, 2, MOST_BINS))
    asked = np.arange(1, bins) / bins
    found: Floats = np.quantile(values, asked, weights=weight, method="inverted_cdf")
    return found


def _next(values: Floats, ties: Floats) -> Floats:
    """What comes after each value that fills several quantiles: it then has a bin to itself."""
    distinct = np.unique(values)
    after = distinct.searchsorted(ties, side="right")
    return distinct[after[after < len(distinct)]]


def _shares(places: Places, bins: int, sample: Sample) -> dict[str, Any]:
    held = np.bincount(places, sample.weight * sample.size, minlength=bins)
    rows = np.maximum(held, LEAST_ROWS)
    return {"rows": sample.size, "shares": tuple((rows / rows.sum()).tolist())}


def _categories(
    name: str, values: Sequence[object], sample: Sample, *, nullable: bool
) -> Categories:
    labels = np.array([MISSING if value is None else label(value) for value in values])
    names, which = np.unique(labels, return_inverse=True)
    shares = dict(zip(names.tolist(), np.bincount(which, sample.weight).tolist(), strict=True))
    shares.pop(MISSING, None)
    by_share = sorted(shares, key=lambda level: (-shares[level], level))
    least = max(LEAST_SHARE, ROWS_PER_BIN / sample.size)
    levels = [level for level in by_share if shares[level] >= least][:MOST_LEVELS]
    bins = {level: number for number, level in enumerate(levels)} | {MISSING: len(levels) + 1}
    places = np.array([bins.get(each, len(levels)) for each in names.tolist()])[which]
    return Categories(
        field=name,
        nullable=nullable,
        levels=tuple(levels),
        rare=tuple(sorted(set(by_share).difference(levels))),
        **_shares(places, len(levels) + 1 + nullable, sample),
    )


def _score(scored: Scored) -> Score:
    sample, values = Sample(scored.values, scored.weights), np.asarray(scored.values, np.float64)
    quantiles = _quantiles(values, sample.weight, sample.size)
    edges = _inner(quantiles[quantiles > values.min()])
    fine = np.quantile(values, GRID, weights=sample.weight, method="inverted_cdf")
    grid = _inner(np.concatenate([GRID, fine, [scored.threshold]]))
    mean = float(np.average(values, weights=sample.weight))
    square = float(np.average(np.square(values - mean), weights=sample.weight))
    return Score(
        field=scored.field,
        threshold=scored.threshold,
        mean=mean,
        deviation=square**0.5,
        edges=tuple(edges.tolist()),
        grid=tuple(grid.tolist()),
        grid_shares=tuple(_held(values, grid, sample.weight).tolist()),
        chances=_chances(scored, grid, sample),
        **_shares(edges.searchsorted(values, side="right"), len(edges) + 1, sample),
    )


def _inner(edges: Floats) -> Floats:
    edges = np.unique(edges)
    return edges[(edges > 0) & (edges < 1)]


def _held(values: Floats, edges: Floats, rows: Floats) -> Floats:
    return np.bincount(edges.searchsorted(values, "right"), rows, len(edges) + 1).astype(float)


def _chances(scored: Scored, grid: Floats, sample: Sample) -> tuple[float, ...]:
    """The share of positive rows between two edges, as if `BELIEVED` more came out as predicted.

    That is histogram binning (Zadrozny and Elkan, 2001) with an m-estimate: where few rows were
    seen, a probability is taken at its word. Where none was, it is the middle.
    """
    rows = sample.weight * sample.size
    held = _held(scored.values, grid, rows)
    bounds = np.array([0.0, *grid, 1.0])
    means = (bounds[:-1] + bounds[1:]) / 2
    sums = _held(scored.values, grid, rows * scored.values)
    means[held > 0] = sums[held > 0] / held[held > 0]
    if scored.positive is None:
        return tuple(means.tolist())
    positive = _held(scored.values, grid, rows * scored.positive)
    return tuple(((positive + BELIEVED * means) / (held + BELIEVED)).tolist())
