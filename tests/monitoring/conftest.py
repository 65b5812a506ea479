"""Rows, references and windows, small enough to be looked at."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import Field

from models import loan_default
from models._contract import Strict
from monitoring.layout import Layout
from monitoring.profile import Scored, build
from monitoring.windows import Seen
from train import synthetic_loans

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Parcel(Strict):
    """A fourth model's row, with every kind of field."""

    weight_kg: float
    pieces: int
    fragile: bool
    carrier: Literal["rail", "road", "sea", "air"]
    insured_usd: Annotated[float | None, Field(ge=0)] = None
    lane: Literal[1, 2] | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    sent: date | None = None


class Delay(Strict):
    late_probability: float


PARCELS = SimpleNamespace(NAME="parcels", ROW=Parcel, PREDICTION=Delay)


def parcels(n, seed=0):
    rng = np.random.default_rng(seed)
    carriers = rng.choice(["rail", "road", "sea"], n, p=[0.7, 0.295, 0.005])
    return [
        Parcel(
            weight_kg=rng.lognormal(2, 1),
            pieces=int(rng.poisson(1)),
            fragile=bool(rng.random() < 0.2),
            carrier=carrier,
            insured_usd=float(rng.integers(10, 500)) if rng.random() < 0.5 else None,
            lane=int(rng.integers(1, 3)) if rng.random() < 0.9 else None,
            note=" ".join(rng.choice(["call", "ring", "leave", "gate", "dog", "back"], 3)),
        )
        for carrier in carriers.tolist()
    ]


def scores(n, seed=0):
    """Mostly low, as for something that seldom happens."""
    return np.random.default_rng(seed).beta(2, 8, n)


def scored(n=1_000, seed=0):
    found = scores(n, seed)
    positive = np.random.default_rng(seed + 1).random(n) < found
    return Scored("late_probability", found, 0.3, positive)


def seen(counts):
    return Seen("hour", NOW, NOW, counts)


def nothing(reference):
    return seen(np.zeros(Layout.of(reference).cells, np.int64))


@pytest.fixture(scope="session")
def parcel_reference():
    return build(PARCELS, parcels(2_000), scored())


@pytest.fixture(scope="session")
def loans():
    """Rows to learn from, and as many new ones of the same kind."""
    return synthetic_loans.generate(14_000, seed=1).rows, synthetic_loans.generate(seed=2).rows


@pytest.fixture(scope="session")
def loan_reference(loans):
    return build(loan_default, loans[0], scored(4_000))
