"""What the replay sends: each loan once, in order, and as the population has them."""

import csv

import pytest

from examples.replay.alarms import NAMES, Rung
from examples.replay.loans import cut, quarters
from examples.replay.picture import Truth, draw

LOAN = {
    "State": "FL", "BankState": "NC", "NAICS": "722110", "NewExist": "1", "NoEmp": "3",
    "CreateJob": "0", "RetainedJob": "1", "FranchiseCode": "0", "UrbanRural": "1",
    "RevLineCr": "N", "LowDoc": "N", "GrAppv": "$50,000.00 ", "SBA_Appv": "$25,000.00 ",
}  # fmt: skip
HEADER = [*LOAN, "ApprovalDate", "ApprovalFY", "MIS_Status"]


@pytest.fixture
def file(tmp_path):
    """A class-balanced file: every second loan of four hundred is charged off."""
    file = tmp_path / "loans.csv"
    with file.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, HEADER)
        writer.writeheader()
        for number in range(400):
            status = "CHGOFF" if number % 2 else "P I F"
            # October 2002 belongs to fiscal year 2003.
            when = "15-Oct-02" if number < 200 else "10-Feb-04"
            year = "2003" if number < 200 else "2004"
            writer.writerow(LOAN | {"ApprovalDate": when, "ApprovalFY": year, "MIS_Status": status})
    return file


def test_loans_are_sent_in_their_fiscal_quarter(file):
    sent = {each.name: len(each.rows) for each in quarters(file, (2003, 2004), None, 0)}

    assert {name: rows for name, rows in sent.items() if rows} == {
        "FY2003 Q1": 200,
        "FY2004 Q2": 200,
    }


def test_a_balanced_file_is_thinned_to_the_population_and_no_loan_comes_twice(file):
    sent = list(quarters(file, (2003, 2004), (4.0, 1.0), 0))
    lost = [each for quarter in sent for each in quarter.lost]

    assert lost.count(False) == 200
    assert 30 <= lost.count(True) <= 70


def test_the_model_learns_only_the_years_before(file, tmp_path):
    early = tmp_path / "early.csv"
    cut(file, (2000, 2003), early)

    with early.open() as opened:
        assert {line["ApprovalFY"] for line in csv.DictReader(opened)} == {"2003"}


def test_the_picture_is_drawn(tmp_path):
    truths = [Truth(2003, 100, 0.15, 0.14), Truth(2004, 100, 0.3, 0.15)]
    rungs = [Rung(2003.25, dict.fromkeys(NAMES, True), {}), Rung(2004.0, dict.fromkeys(NAMES), {})]
    draw(truths, rungs, 16, tmp_path / "a.svg")

    assert "measured Brier score" in (tmp_path / "a.svg").read_text()
