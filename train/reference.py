"""The frozen reference: how fields and scores lay in training, for drift to be seen."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from models._contract import Strict
from train.fields import Kind, kinds
from train.part import Floats, Part

DECILES = np.arange(1, 10) / 10


def reference(
    row: type[Strict], trained: Part, held_out: Part, scores: Floats, score: str
) -> bytes:
    """Write the bins as JSON: of fields over the rows trained on, of scores over those held out.

    The scores are of held-out rows because a model is surer of rows that it has learned. A value
    lies in bin i when it is at least edge i - 1 and less than edge i.
    """
    document = {
        "rows": len(trained),
        "fields": {
            name: _field(kind, [getattr(each, name) for each in trained.rows], trained.weights)
            for name, kind in kinds(row).items()
        },
        "score_rows": len(held_out),
        "score": {"field": score, **_scores(scores, held_out.weights)},
    }
    return json.dumps(document, indent=1).encode()


def _field(kind: Kind, values: Sequence[Any], weights: Floats) -> dict[str, Any]:
    if kind == "category":
        return {"kind": kind, "shares": _category_shares(values, weights)}
    numbers = np.array([len(value) if kind == "text" else value for value in values], dtype=float)
    edges = _edges(numbers, weights)
    return {"kind": kind, "edges": edges.tolist(), "shares": _shares(numbers, edges, weights)}


def _category_shares(values: Sequence[Any], weights: Floats) -> dict[str, float]:
    words = np.array([json.dumps(value).strip('"') for value in values])
    shares = {str(word): weights[words == word].sum() / weights.sum() for word in np.unique(words)}
    return {word: float(share) for word, share in shares.items()}


def _edges(values: Floats, weights: Floats) -> Floats:
    """Up to nine: values that many rows share make deciles fall together."""
    edges = np.unique(np.quantile(values, DECILES, weights=weights, method="inverted_cdf"))
    # Nothing lies below the least value, and a bin that is empty by construction has no ratio.
    above: Floats = edges[edges > values.min()]
    return above


def _shares(values: Floats, edges: Floats, weights: Floats) -> list[float]:
    bins = np.searchsorted(edges, values, side="right")
    shares = np.bincount(bins, weights, minlength=len(edges) + 1) / weights.sum()
    return [float(share) for share in shares]


def _scores(scores: Floats, weights: Floats) -> dict[str, Any]:
    edges = _edges(scores, weights)
    bins = np.searchsorted(edges, scores, side="right")
    means = [
        float(np.average(scores[bins == each], weights=weights[bins == each]))
        for each in range(len(edges) + 1)
    ]
    return {"edges": edges.tolist(), "shares": _shares(scores, edges, weights), "means": means}
