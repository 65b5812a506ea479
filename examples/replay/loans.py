"""Which loans are learned, and which are sent, quarter by quarter."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.loan_default import LoanApplication
from train import sba
from train.loans import ClassWeights

MONTHS_A_QUARTER = 3
# The fiscal year starts on the first of October.
FISCAL_SHIFT = 3


@dataclass(frozen=True)
class Quarter:
    """Loans approved in one fiscal quarter, in order: `start` is a fiscal year and its part."""

    start: float
    rows: list[LoanApplication]
    lost: list[bool]

    @property
    def name(self) -> str:
        """Such as FY2003 Q1."""
        return f"FY{int(self.start)} Q{int(self.start % 1 * 4) + 1}"


def cut(file: Path, years: tuple[int, int], into: Path) -> None:
    """Copy the lines of the file whose loans were approved in these fiscal years."""
    opened = gzip.open if file.suffix == ".gz" else open
    with (
        opened(file, "rt", newline="", encoding="utf-8-sig", errors="replace") as source,
        into.open("w", newline="", encoding="utf-8") as target,
    ):
        reader = csv.reader(source)
        header = next(reader)
        column = [name.strip() for name in header].index("ApprovalFY")
        writer = csv.writer(target)
        writer.writerow(header)
        first, last = years
        writer.writerows(
            line for line in reader if line[column][:4].isdigit()
            and first <= int(line[column][:4]) <= last
        )  # fmt: skip


def quarters(
    file: Path, years: tuple[int, int], weights: ClassWeights | None, seed: int
) -> Iterator[Quarter]:
    """The loans of these fiscal years as the population has them, without any loan twice.

    Of a class-balanced file the class that stands for fewer loans is thinned by chance, so that
    the default rate is the true one.
    """
    loans = sba.read(file)
    paid, lost = weights or (1.0, 1.0)
    most = max(paid, lost)
    keep = np.where(loans.charged_off, lost / most, paid / most)
    drawn = np.random.default_rng(seed).random(len(keep)) < keep
    months = loans.approved.astype("datetime64[M]").astype(int) + FISCAL_SHIFT
    number = months // MONTHS_A_QUARTER
    known = ~np.isnat(loans.approved) & drawn
    order = np.argsort(loans.approved, kind="stable")
    for year in range(years[0], years[1] + 1):
        for part in range(4):
            wanted = (year - 1970) * 4 + part
            here = [each for each in order.tolist() if known[each] and number[each] == wanted]
            yield Quarter(
                year + part / 4,
                [loans.rows[each] for each in here],
                [bool(loans.charged_off[each]) for each in here],
            )
