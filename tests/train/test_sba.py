import csv
import gzip
import hashlib

import numpy as np
import pytest

from models.loan_default import LoanApplication
from train import sba
from train.source import SourceError

LOAN = {
    "LoanNr_ChkDgt": "1000014003",
    "Name": "JANE DOE BAKERY",
    "City": "DAVIE",
    "State": "FL",
    "Zip": "33328",
    "Bank": "SOME BANK",
    "BankState": "NC",
    "NAICS": "722410",
    "ApprovalDate": "28-Feb-97",
    "ApprovalFY": "1997",
    "Term": "84",
    "NoEmp": "4",
    "NewExist": "2",
    "CreateJob": "1",
    "RetainedJob": "3",
    "FranchiseCode": "1",
    "UrbanRural": "1",
    "RevLineCr": "N",
    "LowDoc": "Y",
    "ChgOffDate": "",
    "DisbursementDate": "31-May-97",
    "DisbursementGross": "$60,000.00 ",
    "BalanceGross": "$0.00 ",
    "MIS_Status": "P I F",
    "ChgOffPrinGr": "$0.00 ",
    "GrAppv": "$60,000.00 ",
    "SBA_Appv": "$48,000.00 ",
}


@pytest.fixture
def write(tmp_path):
    """Write loans that differ from `LOAN` as told, in the file's own format."""

    def _write(*loans, name="SBAnational.csv", columns=tuple(LOAN)):
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore")
            writer.writeheader()
            writer.writerows({**LOAN, **loan} for loan in loans)
        return path

    return _write


@pytest.fixture
def row(write):
    return lambda **loan: sba.read(write(loan)).rows[0]


def test_a_raw_loan_becomes_a_contract_row(write):
    assert sba.read(write({})).rows == [
        LoanApplication(
            gross_approval_usd=60_000,
            sba_guaranteed_usd=48_000,
            employees=4,
            jobs_created=1,
            jobs_retained=3,
            business_age="new",
            is_franchise=False,
            area="urban",
            revolving_credit="no",
            low_doc="yes",
            state="FL",
            naics_sector="72",
            lender_state="NC",
        )
    ]


def test_a_gzip_file_holds_the_same_loans(write):
    path = write({}, {"MIS_Status": "CHGOFF"})
    zipped = path.with_name("SBAnational.csv.gz")
    zipped.write_bytes(gzip.compress(path.read_bytes()))

    assert sba.read(zipped).rows == sba.read(path).rows


@pytest.mark.parametrize("money", ["60000", "$60,000.00 ", " 60,000 ", "60000.0"])
def test_money_may_be_plain_or_dressed(row, money):
    assert row(GrAppv=money).gross_approval_usd == 60_000


@pytest.mark.parametrize(
    ("status", "charged_off"),
    [("P I F", False), (" P I F ", False), ("PIF", False), ("CHGOFF", True), (" CHGOFF ", True)],
)
def test_status_may_hold_blanks(write, status, charged_off):
    assert sba.read(write({"MIS_Status": status})).charged_off.tolist() == [charged_off]


@pytest.mark.parametrize("date", ["28-Feb-97", "2/28/1997", "1997-02-28", "13573", "13573.0"])
def test_the_approval_is_dated_in_every_format(write, date):
    assert sba.read(write({"ApprovalDate": date})).approved.tolist() == [
        np.datetime64("1997-02-28").item()
    ]


def test_a_loan_without_a_readable_date_keeps_its_year(write):
    loans = sba.read(write({"ApprovalDate": ""}))

    assert np.isnat(loans.approved).all()
    assert loans.fiscal_year.tolist() == [1997]


def test_a_letter_behind_the_fiscal_year_is_left_out(write):
    assert sba.read(write({"ApprovalFY": "1976A"})).fiscal_year.tolist() == [1976]


@pytest.mark.parametrize("code", ["0", "T", "1", "R", "`", "", "2", "C"])
def test_a_line_of_credit_neither_yes_nor_no_is_unknown(row, code):
    assert row(RevLineCr=code).revolving_credit == "unknown"


@pytest.mark.parametrize("code", ["0", "1", "A", "C", "R", "S", ""])
def test_a_low_doc_code_neither_yes_nor_no_is_unknown(row, code):
    assert row(LowDoc=code).low_doc == "unknown"


@pytest.mark.parametrize(
    ("code", "age"),
    [("1", "existing"), ("1.0", "existing"), ("2.0", "new"), ("0", "unknown"), ("", "unknown")],
)
def test_business_age_is_unknown_where_the_code_is_0_or_missing(row, code, age):
    assert row(NewExist=code).business_age == age


@pytest.mark.parametrize(("code", "area"), [("1", "urban"), ("2", "rural"), ("0", "unknown")])
def test_area_is_unknown_where_the_code_is_0(row, code, area):
    assert row(UrbanRural=code).area == area


@pytest.mark.parametrize(
    ("code", "sector"), [("722410", "72"), ("722410.0", "72"), ("0", "unknown"), ("", "unknown")]
)
def test_sector_is_the_start_of_the_industry_code(row, code, sector):
    assert row(NAICS=code).naics_sector == sector


@pytest.mark.parametrize(
    ("code", "franchise"), [("0", False), ("1", False), ("00001", False), ("78760", True)]
)
def test_a_franchise_has_a_code_above_1(row, code, franchise):
    assert row(FranchiseCode=code).is_franchise is franchise


@pytest.mark.parametrize(("code", "state"), [("PR", "PR"), ("", "unknown"), ("GU", "unknown")])
def test_a_lender_outside_the_known_states_is_unknown(row, code, state):
    assert row(BankState=code).lender_state == state


@pytest.mark.parametrize(
    ("loan", "reason"),
    [
        ({"MIS_Status": ""}, "no status"),
        ({"MIS_Status": "EXEMPT"}, "status neither P I F nor CHGOFF"),
        ({"ApprovalFY": "", "ApprovalDate": ""}, "no year of approval"),
        ({"CreateJob": "8800"}, "jobs are 8800, which stands for not known"),
        ({"RetainedJob": "8800"}, "jobs are 8800, which stands for not known"),
        ({"State": ""}, "state: missing or unreadable"),
        ({"State": "XX"}, "state: not a known code"),
        ({"GrAppv": ""}, "gross_approval_usd: missing or unreadable"),
        ({"NoEmp": "2.5"}, "employees: missing or unreadable"),
        ({"FranchiseCode": ""}, "is_franchise: missing or unreadable"),
        (
            {"GrAppv": "$499.00 ", "SBA_Appv": "$250.00 "},
            "gross_approval_usd: Input should be greater than or equal to 500",
        ),
        (
            {"SBA_Appv": "$60,001.00 "},
            "loan: sba_guaranteed_usd should be at most gross_approval_usd",
        ),
    ],
)
def test_a_loan_that_cannot_be_used_is_dropped_and_its_reason_counted(write, loan, reason):
    loans = sba.read(write(loan, {}, loan))

    assert (len(loans.rows), loans.dropped) == (1, {reason: 2})


def test_every_loan_of_the_file_is_kept_or_counted_once(write):
    loans = sba.read(write({}, {"MIS_Status": "", "State": ""}, {"State": "", "GrAppv": ""}, {}))

    assert len(loans.rows) + sum(loans.dropped.values()) == 4
    assert len(loans.rows) == len(loans.charged_off) == len(loans.fiscal_year) == 2


def test_what_belongs_to_a_loan_stays_with_it_when_others_are_dropped(write):
    loans = sba.read(
        write(
            {"MIS_Status": ""},
            {"State": "GA", "MIS_Status": "CHGOFF", "ApprovalFY": "2004"},
            {"State": ""},
            {"State": "WY", "ApprovalFY": "1998"},
        )
    )

    kept = zip(loans.rows, loans.charged_off, loans.fiscal_year, strict=True)
    assert [(row.state, bool(lost), int(year)) for row, lost, year in kept] == [
        ("GA", True, 2004),
        ("WY", False, 1998),
    ]


def test_columns_that_are_not_used_may_be_missing_and_in_any_order(write):
    path = write({}, columns=sorted(sba.COLUMNS))

    assert len(sba.read(path).rows) == 1


def test_names_of_borrowers_and_later_facts_are_not_read():
    later = {"Name", "Term", "ChgOffDate", "ChgOffPrinGr", "DisbursementGross", "BalanceGross"}

    assert not later & set(sba.COLUMNS)


def test_a_missing_column_is_named(write):
    path = write({}, columns=[name for name in LOAN if name not in {"GrAppv", "LowDoc"}])

    with pytest.raises(SourceError, match=r"^SBAnational\.csv lacks the columns LowDoc, GrAppv:"):
        sba.read(path)


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "photo.csv"
    path.write_bytes(bytes(range(256)) * 4)

    with pytest.raises(SourceError, match=r"^photo\.csv "):
        sba.read(path)


def test_a_stray_comma_moves_the_cells_and_the_loan_is_dropped(write):
    path = write({}, {"City": "A, B"})
    path.write_text(path.read_text().replace('"A, B"', "A, B"))

    assert sba.read(path).dropped == {"status neither P I F nor CHGOFF": 1}


def test_a_quote_that_is_never_closed_is_refused(write):
    path = write({})
    path.write_text(path.read_text() + '"1000014004,NOBODY\n')

    with pytest.raises(SourceError, match="cannot be read as comma-separated text"):
        sba.read(path)


def test_a_line_that_ends_early_has_no_status(write):
    path = write({})
    path.write_text(path.read_text() + "1000014004,NOBODY,DAVIE,FL\n")

    assert sba.read(path).dropped == {"no status": 1}


def test_a_file_without_a_usable_loan_says_why(write):
    with pytest.raises(SourceError, match=r"holds no usable loan: \{'no status': 1\}"):
        sba.read(write({"MIS_Status": ""}))


def test_a_file_with_a_header_only_is_refused(write):
    with pytest.raises(SourceError, match="holds no usable loan"):
        sba.read(write())


def test_bytes_that_are_no_utf8_in_a_name_do_no_harm(write):
    path = write({"Name": "CAFE"})
    path.write_bytes(path.read_bytes().replace(b"CAFE", b"CAF\xc9"))

    assert len(sba.read(path).rows) == 1


def test_real_loans_carry_the_name_and_fingerprint_of_their_file(write):
    path = write({})
    loans = sba.read(path)

    assert (loans.source, loans.synthetic) == ("SBAnational.csv", False)
    assert loans.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()
