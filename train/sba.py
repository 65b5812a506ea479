"""The national SBA file, in its raw format, as loans that keep the contract."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ValidationError

from models.loan_default import LenderState, LoanApplication, Sector
from train.columns import codes, dates, fiscal_years, meanings, members, numbers, whole
from train.loans import Loans
from train.source import Source, SourceError, load

COLUMNS = (
    "State", "BankState", "NAICS", "ApprovalDate", "ApprovalFY", "NoEmp", "NewExist", "CreateJob",
    "RetainedJob", "FranchiseCode", "UrbanRural", "RevLineCr", "LowDoc", "MIS_Status", "GrAppv",
    "SBA_Appv",
)  # fmt: skip
"""All that is read: the borrower's name, and what is known only after the approval, are not."""

AGES = {"1": "existing", "2": "new"}
AREAS = {"1": "urban", "2": "rural"}
ANSWERS = {"Y": "yes", "N": "no"}
NO_FRANCHISE = {"0", "1", "00000", "00001"}
SECTORS = frozenset(get_args(Sector))
LENDER_STATES = frozenset(
    code for part in get_args(LenderState) for code in (get_args(part) or [part])
)
PAID, CHARGED_OFF = "PIF", "CHGOFF"
JOBS_NOT_KNOWN = 8_800


def read(path: Path) -> Loans:
    """Read the file; a loan the contract refuses is dropped and counted under the first reason."""
    file = load(path)
    raw = _table(file)
    approved = dates(raw["ApprovalDate"])
    years = fiscal_years(raw["ApprovalFY"], approved)
    outcomes = _rows(raw, _defects(raw, years))
    kept = np.array([isinstance(outcome, LoanApplication) for outcome in outcomes])
    dropped = Counter(outcome for outcome in outcomes if isinstance(outcome, str))
    if not kept.any():
        msg = f"{file.name} holds no usable loan: {dict(dropped)}"
        raise SourceError(msg)
    return Loans(
        rows=[outcome for outcome in outcomes if isinstance(outcome, LoanApplication)],
        charged_off=(codes(raw["MIS_Status"]) == CHARGED_OFF).to_numpy(bool)[kept],
        fiscal_year=years[kept],
        approved=approved.to_numpy("datetime64[D]")[kept],
        source=file.name,
        fingerprint=file.fingerprint,
        synthetic=False,
        dropped=dict(dropped.most_common()),
        lines=np.flatnonzero(kept),
    )


def _table(file: Source) -> pd.DataFrame:
    """The columns used, every cell a text, blank where the file has nothing."""
    try:
        table = pd.read_csv(
            io.BytesIO(file.data),
            dtype=str,
            keep_default_na=False,
            usecols=lambda name: name.strip() in COLUMNS,
            encoding="utf-8-sig",
            encoding_errors="replace",
        ).fillna("")
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as err:
        msg = f"{file.name} cannot be read as comma-separated text: {err}"
        raise SourceError(msg) from err
    table.columns = table.columns.str.strip()
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        msg = f"{file.name} lacks the columns {', '.join(missing)}: is it the national SBA file?"
        raise SourceError(msg)
    return table


def _defects(raw: pd.DataFrame, years: npt.NDArray[np.int64]) -> list[str]:
    """Why a loan cannot be used, where the contract cannot know it; blank if nothing is wrong."""
    status = codes(raw["MIS_Status"])
    sentinel = (numbers(raw["CreateJob"]) == JOBS_NOT_KNOWN) | (
        numbers(raw["RetainedJob"]) == JOBS_NOT_KNOWN
    )
    reasons = {
        "no status": status == "",
        "status neither P I F nor CHGOFF": ~status.isin([PAID, CHARGED_OFF]),
        "no year of approval": years == 0,
        f"jobs are {JOBS_NOT_KNOWN}, which stands for not known": sentinel,
    }
    found = np.select(list(reasons.values()), list(reasons), default="")
    return [str(reason) for reason in found]


def _rows(raw: pd.DataFrame, defects: list[str]) -> list[LoanApplication | str]:
    """For each loan the row, or the reason why there is none."""
    fields = _fields(raw)
    records = zip(*fields.values(), strict=True)
    return [
        defect or _row(dict(zip(fields, record, strict=True)))
        for defect, record in zip(defects, records, strict=True)
    ]


def _fields(raw: pd.DataFrame) -> dict[str, Iterable[Any]]:
    sectors = codes(raw["NAICS"]).str.slice(0, 2)
    return {
        "gross_approval_usd": numbers(raw["GrAppv"]).tolist(),
        "sba_guaranteed_usd": numbers(raw["SBA_Appv"]).tolist(),
        "employees": whole(raw["NoEmp"]),
        "jobs_created": whole(raw["CreateJob"]),
        "jobs_retained": whole(raw["RetainedJob"]),
        "business_age": meanings(raw["NewExist"], AGES),
        "is_franchise": _franchises(raw["FranchiseCode"]),
        "area": meanings(raw["UrbanRural"], AREAS),
        "revolving_credit": meanings(raw["RevLineCr"], ANSWERS),
        "low_doc": meanings(raw["LowDoc"], ANSWERS),
        "state": codes(raw["State"]).tolist(),
        "naics_sector": members(sectors, SECTORS),
        "lender_state": members(raw["BankState"], LENDER_STATES),
    }


def _franchises(texts: pd.Series[str]) -> list[bool | None]:
    """0 and 1 both mean none, by the year; a blank says nothing, and the contract refuses it."""
    return [code not in NO_FRANCHISE if code else None for code in codes(texts).tolist()]


def _row(values: dict[str, Any]) -> LoanApplication | str:
    try:
        return LoanApplication.model_validate(values)
    except ValidationError as err:
        return _reason(values, err)


def _reason(values: dict[str, Any], err: ValidationError) -> str:
    """The first thing wrong, without the value: these are somebody's figures."""
    error = err.errors(include_url=False, include_context=False, include_input=False)[0]
    field = str(error["loc"][0]) if error["loc"] else "loan"
    value = values.get(field, field)
    if value == "" or pd.isna(value):
        return f"{field}: missing or unreadable"
    if error["type"] == "literal_error":
        return f"{field}: not a known code"
    return f"{field}: {error['msg']}"
