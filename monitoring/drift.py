"""What moved: the rows of a window against the reference, field by field, with a verdict each.

A verdict is given from 500 rows on and where chance alone can not explain it: on rows that are like
those of training, at most one report in a hundred says anything but `ok`, over all its fields and
flags together. That supposes rows that come independently; the same row sent a thousand times is
drift.
"""

from datetime import datetime
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from models._contract import Strict
from monitoring import cbpe
from monitoring.cbpe import Expected
from monitoring.divergence import LEAST_ROWS, jensen_shannon, noise_floor, psi, smoothed
from monitoring.layout import Counts, Layout
from monitoring.reference import (
    ABOVE,
    BELOW,
    MISSING,
    Categories,
    Numbers,
    Reference,
    Score,
)
from monitoring.shift import Shift, shift
from monitoring.windows import Seen, Window

Verdict = Literal["unknown", "ok", "notice", "moderate", "major"]
VERDICTS: tuple[Verdict, ...] = ("unknown", "ok", "notice", "moderate", "major")

MODERATE, MAJOR = 0.1, 0.2

FALSE_ALARMS_OF_A_REPORT = 0.01
FALSE_ALARMS_OF_A_FIELD = 0.001

Share = Annotated[float, Field(ge=0, le=1)]


class Bin(Strict):
    """How many rows fell into a bin, and how many of the reference did."""

    bin: str
    rows: int
    share: Share
    reference_share: Share


class Divergence(Strict):
    """How far one field, or the score, lies from the reference.

    `verdict` is `unknown` below 500 rows, `ok` as long as `psi` is below `noise_floor`, `moderate`
    above 0.1, `major` above 0.2, and `notice` where a shift is real but smaller.
    """

    verdict: Verdict
    rows: int
    psi: Annotated[float, Field(description="Population stability index; 0 is no difference.")]
    jensen_shannon: Annotated[float, Field(description="Distance from 0 to 1, base 2.")]
    noise_floor: Annotated[float, Field(description="PSI up to which chance explains it.")]
    out_of_range: Annotated[
        Share | None, Field(description="Outside 99.8 % of the training rows; of numbers only.")
    ] = None
    unseen: Annotated[
        Share | None, Field(description="Categories that training never saw; of categories only.")
    ] = None
    missing: Annotated[Share | None, Field(description="None given, where that is allowed.")] = None
    bins: list[Bin]


class Drift(Strict):
    """A window's rows against the reference."""

    window: Window
    since: Annotated[datetime | None, Field(description="Start of the earliest minute counted.")]
    until: datetime
    rows: int
    missed: Annotated[int, Field(description="Rows that came too fast to be counted.")]
    verdict: Annotated[Verdict, Field(description="The worst of all fields and the score.")]
    drifted: Annotated[list[str], Field(description="What has a verdict worse than `ok`.")]
    false_alarms: Annotated[
        float, Field(description="Part of reports with any alarm though nothing moved, at most.")
    ] = FALSE_ALARMS_OF_A_REPORT
    features: dict[str, Divergence]
    score: Divergence
    prediction: Shift | None
    expected: Annotated[Expected | None, Field(description="None below 500 rows.")]


def report(reference: Reference, seen: Seen) -> Drift:
    """Compare what a window saw with the reference."""
    layout, level = Layout.of(reference), false_alarms(reference)
    features = {
        name: _feature(name, feature, layout, seen.counts, level)
        for name, feature in reference.features.items()
    }
    score = _divergence(reference.score, seen.counts[layout.score], level)
    moments, varied = layout.moments(seen.counts), any(map(_varies, features.values()))
    verdicts = {name: each.verdict for name, each in features.items()} | {"score": score.verdict}
    return Drift(
        window=seen.window,
        since=seen.since,
        until=seen.until,
        rows=score.rows,
        missed=int(seen.counts[layout.missed]),
        verdict=max(verdicts.values(), key=VERDICTS.index),
        drifted=[name for name, verdict in verdicts.items() if verdict not in VERDICTS[:2]],
        features=features,
        score=score,
        prediction=shift(reference.score, moments, varied=varied, false_alarms=level)
        if moments.rows
        else None,
        expected=cbpe.expected(reference.score, seen.counts[layout.grid].astype(float))
        if moments.rows >= LEAST_ROWS
        else None,
    )


def false_alarms(reference: Reference) -> float:
    """What one test may contribute: every field, the score's bins and its mean are tested.

    One in a thousand, and less where there are more than ten tests, so that together they stay
    below one in a hundred (Bonferroni).
    """
    tests = len(reference.features) + 2
    return min(FALSE_ALARMS_OF_A_FIELD, FALSE_ALARMS_OF_A_REPORT / tests)


def _feature(
    name: str, known: Numbers | Categories, layout: Layout, counts: Counts, level: float
) -> Divergence:
    """With the shares that some bins, or the count of what was unseen, stand for."""
    divergence = _divergence(known, counts[layout.features[name]], level)
    held = {each.bin: each.share for each in divergence.bins}
    shares = {"missing": held[MISSING] if known.nullable else None}
    if isinstance(known, Numbers):
        shares["out_of_range"] = held[BELOW] + held[ABOVE]
    else:
        shares["unseen"] = int(counts[layout.unseen[name]]) / max(divergence.rows, 1)
    return divergence.model_copy(update=shares)


def _divergence(known: Numbers | Categories | Score, counts: Counts, level: float) -> Divergence:
    rows, expected = int(counts.sum()), np.array(known.shares) * known.rows
    # What neither this window nor any row of training held says nothing.
    used = (counts > 0) | (expected >= 1)
    p, q = smoothed(expected[used]), smoothed(counts[used].astype(float))
    index, floor = psi(p, q), _floor(len(p), rows, known.rows, level)
    return Divergence(
        verdict=_verdict(rows, index, floor),
        rows=rows,
        psi=index,
        jensen_shannon=jensen_shannon(p, q),
        noise_floor=floor,
        bins=[
            Bin(bin=name, rows=held, share=held / max(rows, 1), reference_share=share)
            for name, held, share in zip(known.bins, counts.tolist(), known.shares, strict=True)
        ],
    )


def _floor(bins: int, n: int, m: float, level: float) -> float:
    return noise_floor(bins, n, m, level) if n and bins > 1 else 0.0


def _verdict(rows: int, index: float, floor: float) -> Verdict:
    if rows < LEAST_ROWS:
        return "unknown"
    if index <= floor:
        return "ok"
    if index > MAJOR:
        return "major"
    return "moderate" if index > MODERATE else "notice"


def _varies(feature: Divergence) -> bool:
    return sum(each.rows > 0 for each in feature.bins) > 1
