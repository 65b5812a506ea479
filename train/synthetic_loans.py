"""Loans drawn from the published figures: a stand-in to train on where no real file is at hand.

The year decides how a loan was made, as in the real file, and with it the loan's programme, told by
the guaranteed share. The programme decides the amount, and with the year whether the credit is
revolving, whether it is low-doc and how often the lender is of the borrower's state. Beyond that
the fields are independent of each other. Whether it is charged off is drawn last, from a sum of one
effect per field. The effects are found by raking: each is moved until the part charged off comes
out as published, within every year, state, sector and so on at the same time. What the real fields
say jointly is not in here.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.loan_default import LoanApplication
from train import sba_figures as figures
from train.loans import Loans

ROUNDS = 40

Column = npt.NDArray[Any]
Columns = dict[str, Column]
Floats = npt.NDArray[np.float64]


def generate(n: int = 20_000, seed: int = 42) -> Loans:
    """Draw the same loans whenever `n` and `seed` are the same."""
    rng = np.random.default_rng(seed)
    drawn = _draw(n, rng)
    charged_off = rng.random(n) < _chances(drawn)
    rows = _rows(drawn)
    return Loans(
        rows=rows,
        charged_off=charged_off,
        fiscal_year=drawn["year"],
        approved=_dates(drawn["year"], rng),
        source=f"synthetic loans, seed {seed}",
        fingerprint=_fingerprint(rows, charged_off),
        synthetic=True,
        dropped={},
        lines=np.arange(n),
    )


def _draw(n: int, rng: np.random.Generator) -> Columns:
    year = _pick(rng, _shares(figures.YEARS), n)
    era = _class(year, figures.ERAS)
    guarantee = _pick_by(rng, era, figures.GUARANTEES_BY_ERA)
    programme = np.array([figures.PROGRAMMES[part] for part in guarantee.tolist()])
    return {
        "year": year,
        "guarantee": guarantee,
        "gross": _amounts(rng, programme),
        **_borrowers(rng, era),
        **_jobs(rng, era),
        **_habits(rng, era, programme),
    }


def _amounts(rng: np.random.Generator, programme: Column) -> Floats:
    """US dollars, to the next hundred."""
    logs = np.zeros(len(programme))
    for name, thousands in figures.THOUSAND_DOLLARS.items():
        here = programme == name
        logs[here] = _between(rng, np.log(thousands).tolist(), int(here.sum()))
    return np.round(np.exp(logs) * 10) * 100


def _borrowers(rng: np.random.Generator, era: Column) -> Columns:
    n = len(era)
    sector_unknown = _by_era(era, "sector_unknown")
    return {
        "business_age": _pick(rng, _shares(figures.BUSINESS_AGES), n),
        "is_franchise": _pick(rng, _shares(figures.FRANCHISES), n),
        "area": _pick_by(rng, era, figures.AREAS_BY_ERA),
        "state": _pick(rng, _shares(figures.STATES), n),
        "naics_sector": np.where(
            _happens(rng, sector_unknown), "unknown", _pick(rng, _shares(figures.SECTORS), n)
        ),
    }


def _jobs(rng: np.random.Generator, era: Column) -> Columns:
    n = len(era)
    none_created = _happens(rng, _by_era(era, "no_jobs_created"))
    none_retained = _happens(rng, _by_era(era, "no_jobs_retained"))
    return {
        "employees": _counts(rng, figures.EMPLOYEES, n),
        "jobs_created": np.where(none_created, 0, _counts(rng, figures.JOBS_CREATED, n)),
        "jobs_retained": np.where(none_retained, 0, _counts(rng, figures.JOBS_RETAINED, n)),
    }


def _habits(rng: np.random.Generator, era: Column, programme: Column) -> Columns:
    kinds = zip(era.tolist(), programme.tolist(), strict=True)
    habits = np.array([figures.HABITS[kind] for kind in kinds])
    revolving, revolving_unknown, low_doc, lender_in_state = habits.T
    return {
        "revolving_credit": _answers(rng, revolving, revolving_unknown),
        "low_doc": _answers(rng, low_doc, figures.LOW_DOC_UNKNOWN),
        "lender_state": np.where(
            _happens(rng, lender_in_state),
            "same",
            _pick(rng, _shares(figures.LENDER_STATES), len(era)),
        ),
    }


def _chances(drawn: Columns) -> Floats:
    """The chance of each loan to be charged off, raked to the published rates."""
    factors = [_factor(column, rates) for column, rates in _effects(drawn)]
    score = np.zeros(len(drawn["year"]))
    for _ in range(ROUNDS):
        for level, wanted in factors:
            found = np.bincount(level, _chance(score)) / np.bincount(level)
            score += (wanted - _log_odds(found))[level]
    return _chance(score)


def _effects(drawn: Columns) -> list[tuple[Column, Mapping[Any, float]]]:
    """Each column that has an effect, as classes, and the rates of its classes."""
    return [
        (drawn["year"], _rates(figures.YEARS)),
        (drawn["guarantee"], figures.GUARANTEES),
        (_class(drawn["gross"], figures.BY_AMOUNT), figures.BY_AMOUNT),
        (_class(drawn["employees"], figures.BY_EMPLOYEES), figures.BY_EMPLOYEES),
        (_class(drawn["jobs_created"], figures.BY_JOBS_CREATED), figures.BY_JOBS_CREATED),
        (_class(drawn["jobs_retained"], figures.BY_JOBS_RETAINED), figures.BY_JOBS_RETAINED),
        (drawn["business_age"], _rates(figures.BUSINESS_AGES)),
        (drawn["is_franchise"], _rates(figures.FRANCHISES)),
        (drawn["area"], figures.AREAS),
        (drawn["revolving_credit"], figures.REVOLVING),
        (drawn["low_doc"], figures.LOW_DOC),
        (drawn["state"], _rates(figures.STATES)),
        (drawn["naics_sector"], _rates(figures.SECTORS)),
        (drawn["lender_state"], _rates(figures.LENDER_STATES)),
    ]


def _factor(column: Column, rates: Mapping[Any, float]) -> tuple[Column, Floats]:
    """Each loan's level, and each level's wanted log odds; all fields agree on the overall rate."""
    names, level, counts = np.unique(column, return_inverse=True, return_counts=True)
    wanted = np.array([rates[name] for name in names.tolist()]) / 100
    wanted *= figures.CHARGED_OFF / 100 / np.average(wanted, weights=counts)
    return level, _log_odds(wanted)


def _log_odds(chance: Floats) -> Floats:
    return np.log(chance / (1 - chance))


def _chance(log_odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-log_odds))


def _rows(drawn: Columns) -> list[LoanApplication]:
    same = drawn["lender_state"] == "same"
    fields = {name: drawn[name].tolist() for name in LoanApplication.model_fields if name in drawn}
    fields["lender_state"] = np.where(same, drawn["state"], drawn["lender_state"]).tolist()
    fields["gross_approval_usd"] = drawn["gross"].tolist()
    fields["sba_guaranteed_usd"] = np.round(drawn["gross"] * drawn["guarantee"]).tolist()
    records = zip(*fields.values(), strict=True)
    return [
        LoanApplication.model_validate(dict(zip(fields, record, strict=True))) for record in records
    ]


def _dates(year: Column, rng: np.random.Generator) -> npt.NDArray[np.datetime64]:
    """Some day of the fiscal year, which begins on the first of October before."""
    first = np.array([f"{before}-10-01" for before in (year - 1).tolist()], "datetime64[D]")
    days: npt.NDArray[np.datetime64] = first + rng.integers(0, 365, len(year)).astype("m8[D]")
    return days


def _fingerprint(rows: list[LoanApplication], charged_off: npt.NDArray[np.bool_]) -> str:
    digest = hashlib.sha256(charged_off.tobytes())
    for row in rows:
        digest.update(row.model_dump_json().encode())
    return digest.hexdigest()


def _shares(table: Mapping[Any, figures.Pair]) -> dict[Any, float]:
    return {name: share for name, (share, _) in table.items()}


def _rates(table: Mapping[Any, figures.Pair]) -> dict[Any, float]:
    return {name: rate for name, (_, rate) in table.items()}


def _class(values: Column, classes: Mapping[int, Any]) -> Column:
    """The lowest value of the class each value falls into."""
    edges = np.array(list(classes))
    return edges[np.searchsorted(edges, values, side="right") - 1]


def _by_era(era: Column, name: str) -> Floats:
    return np.array([getattr(figures.ERAS[first], name) for first in era.tolist()])


def _pick(rng: np.random.Generator, shares: Mapping[Any, float], n: int) -> Column:
    weights = np.array(list(shares.values()))
    return rng.choice(np.array(list(shares)), n, p=weights / weights.sum())


def _pick_by(
    rng: np.random.Generator, era: Column, tables: Mapping[int, Mapping[Any, float]]
) -> Column:
    """One pick for each loan, from the table of its era."""
    names = np.array([name for table in tables.values() for name in table])
    picked = np.empty(len(era), names.dtype)
    for first, shares in tables.items():
        here = era == first
        picked[here] = _pick(rng, shares, int(here.sum()))
    return picked


def _happens(rng: np.random.Generator, percent: Floats) -> npt.NDArray[np.bool_]:
    return rng.random(len(percent)) * 100 < percent


def _answers(rng: np.random.Generator, yes: Floats, unknown: Floats | float) -> Column:
    percent = rng.random(len(yes)) * 100
    return np.select([percent < yes, percent < yes + unknown], ["yes", "unknown"], "no")


def _between(rng: np.random.Generator, quantiles: Sequence[float], n: int) -> Floats:
    """Values whose quantiles these are, on straight lines between them."""
    return np.interp(rng.random(n), figures.QUANTILES, quantiles)


def _counts(rng: np.random.Generator, quantiles: Sequence[float], n: int) -> Column:
    return np.rint(_between(rng, quantiles, n)).astype(int)
