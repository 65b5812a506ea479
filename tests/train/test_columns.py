import pandas as pd
import pytest

from train import columns


def texts(*values: str) -> "pd.Series[str]":
    return pd.Series(values, dtype=str)


@pytest.mark.parametrize("text", ["$60,000.00 ", "60000", " 60,000 ", "60000.0", "$60,000"])
def test_money_is_read_however_it_is_written(text):
    assert columns.numbers(texts(text)).tolist() == [60_000.0]


@pytest.mark.parametrize("text", ["", " ", "none", "12 dollars", "-"])
def test_what_is_no_number_is_nan(text):
    assert columns.numbers(texts(text)).isna().all()


def test_a_fraction_is_no_whole_number():
    assert columns.whole(texts("4", "4.0", "4.5", "", "inf")) == [4, 4, None, None, None]


@pytest.mark.parametrize(
    "text",
    [
        "28-Feb-97", "28-FEB-97", "28-Feb-1997", "2/28/1997", "02/28/1997", "2/28/97", "1997-02-28",
        "1997-02-28 00:00:00", "1997-02-28T00:00:00", "13573", "13573.0", " 28-Feb-97 ",
    ],
)  # fmt: skip
def test_a_date_is_read_however_it_is_written(text):
    assert columns.dates(texts(text)).tolist() == [pd.Timestamp("1997-02-28")]


@pytest.mark.parametrize(
    ("text", "year"),
    [("1-Jul-62", 1962), ("1-Jul-68", 1968), ("1-Jul-69", 1969), ("1-Jul-99", 1999),
     ("1-Jul-00", 2000), ("1-Jul-14", 2014), ("1-Jul-15", 1915), ("7/1/62", 1962)],
)  # fmt: skip
def test_two_digit_years_end_where_the_file_ends(text, year):
    """The library's own rule takes `62` for 2062, fifty years after the file was made."""
    assert columns.dates(texts(text)).tolist() == [pd.Timestamp(year, 7, 1)]


def test_a_sas_day_before_1960_is_read():
    assert columns.dates(texts("0", "-1")).dt.strftime("%Y-%m-%d").tolist() == [
        "1960-01-01",
        "1959-12-31",
    ]


@pytest.mark.parametrize("text", ["", "soon", "31-Feb-97", "13/13/1997"])
def test_what_is_no_date_is_not_a_date(text):
    assert columns.dates(texts(text)).isna().all()


def test_formats_may_be_mixed_in_one_column():
    mixed = columns.dates(texts("24-Jun-91", "", "2/28/1997", "15074", "2004-10-01"))

    assert mixed.dt.strftime("%Y-%m-%d").fillna("").tolist() == [
        "1991-06-24",
        "",
        "1997-02-28",
        "2001-04-09",
        "2004-10-01",
    ]


@pytest.mark.parametrize(("text", "year"), [("1976", 1976), ("1976A", 1976), ("1976.0", 1976)])
def test_a_fiscal_year_is_its_first_four_digits(text, year):
    assert columns.fiscal_years(texts(text), columns.dates(texts(""))).tolist() == [year]


def test_a_fiscal_year_that_is_not_written_begins_in_the_october_before():
    approved = columns.dates(texts("30-Sep-97", "1-Oct-97", ""))

    assert columns.fiscal_years(texts("", "", ""), approved).tolist() == [1997, 1998, 0]


def test_a_code_nobody_explains_is_unknown():
    assert columns.meanings(texts("y", " Y ", "1.0", "Q", ""), {"Y": "yes", "1": "one"}) == [
        "yes",
        "yes",
        "one",
        "unknown",
        "unknown",
    ]


def test_a_code_that_is_not_a_member_is_unknown():
    assert columns.members(texts("nc", "GU", ""), {"NC"}) == ["NC", "unknown", "unknown"]
