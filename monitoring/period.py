"""What a model did in a period: how much, how it moved, and how good it was."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from models._contract import AnyContract, Strict
from monitoring.divergence import LEAST_ROWS
from monitoring.drift import Drift, report
from monitoring.kept import Judged, Kept, Period
from monitoring.kinds import private_fields
from monitoring.layout import Counts
from monitoring.quality import Quality, quality
from monitoring.reference import Floats, Reference
from monitoring.tally import Tally
from monitoring.windows import Seen

# Fewer where rows are few: a part of fewer than 500 moves by chance alone.
MOST_PARTS = 24
# So many rows are counted at once; memory stays small whatever the period.
CHUNK = 4_096


class Part(Strict):
    """An equal part of the period, for curves."""

    since: datetime
    until: datetime
    rows: int
    mean_score: float | None
    psi: Annotated[dict[str, float], Field(description="By field; none in a part without rows.")]
    judged: Annotated[int, Field(description="Rows whose outcome is known.")]
    quality: Annotated[Quality | None, Field(description="None below 100 outcomes.")]


class PeriodReport(Strict):
    """All of it. `not_watched` are private fields: their values are kept nowhere."""

    model: str
    version: str
    other_versions: dict[str, int]
    source: str
    since: datetime
    until: datetime
    requests: int | None
    rows: int
    judged: Annotated[
        int | None, Field(description="Rows whose outcome is known; None where that is not kept.")
    ]
    not_watched: list[str]
    drift: Drift
    quality: Quality | None
    parts: list[Part]


@dataclass(frozen=True)
class Asked:
    """Which model, version and period; times are seconds since 1970."""

    contract: AnyContract
    version: str
    reference: Reference
    since: float
    until: float


def period_report(asked: Asked, kept: Kept) -> PeriodReport:
    """Read a period from the predictions file."""
    contract, span = asked.contract, (asked.since, asked.until)
    known, private = seen_by(asked.reference, contract)
    period = kept.period(contract.NAME, asked.version, *span)
    judged = kept.judged(contract.NAME, asked.version, *span)
    tally = Tally(known)
    versions = kept.versions(contract.NAME, *span)
    return PeriodReport(
        model=contract.NAME,
        version=asked.version,
        other_versions={key: rows for key, rows in versions.items() if key != asked.version},
        source="predictions file",
        since=at(asked.since),
        until=at(asked.until),
        requests=period.requests,
        rows=len(period.scores),
        judged=len(judged),
        not_watched=private,
        drift=_drift(known, _count(tally, contract, period), span),
        quality=quality(known.score, judged.scores, judged.positive),
        parts=_parts(asked, known, tally, (period, judged)),
    )


def seen_by(reference: Reference, contract: AnyContract) -> tuple[Reference, list[str]]:
    """The reference without the fields that are kept nowhere, and their names."""
    private = private_fields(contract.ROW)
    features = {k: each for k, each in reference.features.items() if each.field not in private}
    words = {k: each for k, each in reference.words.items() if k not in private}
    return reference.model_copy(update={"features": features, "words": words}), sorted(private)


def at(seconds: float) -> datetime:
    """In UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _drift(known: Reference, counts: Counts, span: tuple[float, float]) -> Drift:
    since, until = map(at, span)
    return report(known, Seen(window="start", since=since, until=until, counts=counts))


def _count(tally: Tally, contract: AnyContract, period: Period) -> Counts:
    counts = tally.missed(0)
    for start in range(0, len(period.scores), CHUNK):
        some = slice(start, start + CHUNK)
        counts += tally.count(_rows(contract, period.fields[some]), period.scores[some])
    return counts


def _rows(contract: AnyContract, fields: Sequence[str]) -> list[Any]:
    """They were valid when they were kept, and lack what is private."""
    return [contract.ROW.model_construct(**json.loads(each)) for each in fields]


def edges_of(asked: Asked, rows: int) -> Floats:
    """Where one part of the period ends and the next begins."""
    parts = min(max(rows // LEAST_ROWS, 1), MOST_PARTS)
    return np.linspace(asked.since, asked.until, parts + 1)


def _parts(
    asked: Asked, known: Reference, tally: Tally, found: tuple[Period, Judged]
) -> list[Part]:
    period, judged = found
    edges = edges_of(asked, len(period.scores))
    rows = np.searchsorted(period.at, edges)
    outcomes = np.searchsorted(judged.at, edges)
    parts = []
    for number in range(len(edges) - 1):
        span = (float(edges[number]), float(edges[number + 1]))
        some = slice(rows[number], rows[number + 1])
        told = slice(outcomes[number], outcomes[number + 1])
        mine = Period(period.at[some], period.scores[some], 0, period.fields[some])
        drift = _drift(known, _count(tally, asked.contract, mine), span)
        parts.append(part(drift, span, judged.scores[told], judged.positive[told], known))
    return parts


def part(
    drift: Drift, span: tuple[float, float], scores: Any, positive: Any, known: Reference
) -> Part:
    """One of them, from its drift and its outcomes."""
    return Part(
        since=at(span[0]),
        until=at(span[1]),
        rows=drift.rows,
        mean_score=drift.prediction.mean if drift.prediction else None,
        psi={name: each.psi for name, each in drift.features.items()} if drift.rows else {},
        judged=len(scores),
        quality=quality(known.score, scores, positive),
    )
