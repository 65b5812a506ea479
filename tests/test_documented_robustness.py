"""The page of what is tested names tests that there are, and leaves none of the list out."""

import re
from collections import Counter

import pytest

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "robustness.md").read_text()
ROWS = [
    line.strip("|").split(" | ")
    for line in PAGE.splitlines()
    if re.match(r"\| [0-9\u2013]+ \|", line)
]
LISTED = 52


def test_every_number_of_the_list_stands_there_once():
    numbers = Counter(row[0].strip() for row in ROWS)
    del numbers["\u2013"]

    assert numbers == {str(number): 1 for number in range(1, LISTED + 1)}


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0].strip()} {row[1]}" for row in ROWS])
def test_every_row_says_by_what_it_is_tested_and_that_is_there(row):
    _, what, how, holds = row
    files = re.findall(r"`(tests/[^`]+\.py)`", how)

    assert what.strip()
    assert holds.strip()
    assert files or row[1].startswith("memory")
    for file in files:
        assert (ROOT / file).is_file(), file
