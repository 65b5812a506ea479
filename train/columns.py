"""Columns of text, as the SBA writes them, turned into values."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

LAST_YEAR = 2014
"""The national file ends here: two-digit years mean 1915 to 2014, none lies in its future."""

DATE_FORMATS = ("%d-%b-%Y", "%m/%d/%Y", "%Y-%m-%d")
SAS_EPOCH = "1960-01-01"
OCTOBER = 10
UNKNOWN = "unknown"


def numbers(texts: pd.Series[str]) -> pd.Series[float]:
    """`$60,000.00 ` is 60000.0; what is no number is NaN."""
    bare = texts.str.replace(r"[$,\s]", "", regex=True)
    return pd.to_numeric(bare, errors="coerce").astype(float)


def whole(texts: pd.Series[str]) -> list[int | None]:
    """`4` and `4.0` are 4; a fraction, a blank or a word is None."""
    return [int(number) if number.is_integer() else None for number in numbers(texts).tolist()]


def codes(texts: pd.Series[str]) -> pd.Series[str]:
    """Bare codes: `1.0` is `1`, ` P I F ` is `PIF`, `n` is `N`."""
    return texts.str.upper().str.replace(r"\s|\.0+$", "", regex=True)


def meanings(texts: pd.Series[str], known: Mapping[str, str]) -> list[str]:
    """What each code means; a blank or a code nobody explains is unknown."""
    return [known.get(code, UNKNOWN) for code in codes(texts).tolist()]


def members(texts: pd.Series[str], known: Collection[str]) -> list[str]:
    """The code itself where it is one of the known, else unknown."""
    return [code if code in known else UNKNOWN for code in codes(texts).tolist()]


def dates(texts: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """`28-Feb-97`, `2/28/1997`, `1997-02-28` or a SAS day number such as `13573.0`; else NaT."""
    days = texts.str.replace(r"[T\s]+\d+:.*$", "", regex=True).str.strip()
    bare = _four_digit_years(days)
    parsed = _sas_dates(bare)
    for form in DATE_FORMATS:
        todo = parsed.isna() & (bare != "")
        parsed[todo] = pd.to_datetime(bare[todo], format=form, errors="coerce")
    return parsed


def _four_digit_years(texts: pd.Series[str]) -> pd.Series[str]:
    """Written out because pandas takes `68` for 2068."""
    start = r"^(\d{1,2}[-/]\w{1,3}[-/])"
    recent = "|".join(f"{year:02}" for year in range(LAST_YEAR - 2000 + 1))
    texts = texts.str.replace(rf"{start}({recent})$", r"\g<1>20\g<2>", regex=True)
    return texts.str.replace(rf"{start}(\d\d)$", r"\g<1>19\g<2>", regex=True)


def _sas_dates(texts: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    days = numbers(texts.where(texts.str.fullmatch(r"-?\d{1,5}(\.0+)?"), ""))
    return pd.to_datetime(days, unit="D", origin=SAS_EPOCH)


def fiscal_years(texts: pd.Series[str], approved: pd.Series[pd.Timestamp]) -> npt.NDArray[np.int64]:
    """`2004` and `1976A` as they are; without a year the one of the approval; without both 0."""
    written = numbers(texts.str.extract(r"^\s*(\d{4})", expand=False).fillna(""))
    begins_in_october = (approved.dt.year + (approved.dt.month >= OCTOBER)).astype(float)
    years = written.where(written.notna(), begins_in_october).fillna(0)
    return years.to_numpy().astype(np.int64)
