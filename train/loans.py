"""Loans with their outcome, wherever they come from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.loan_default import LoanApplication

NATIONAL_LOANS = (739_609, 157_558)
"""Paid and charged-off loans in the whole national file (Li, Mickel and Taylor 2018)."""

ClassWeights = tuple[float, float]
"""How many loans of the population stand behind one paid loan, and behind one charged-off loan."""


@dataclass(frozen=True, eq=False)
class Loans:
    """Contract rows and what belongs to each; `approved` is NaT where no date can be read.

    `lines` are the numbers of the loans among those of the file, from 0.

    `dropped` counts, by reason, the loans of the file that are not among the rows.
    """

    rows: list[LoanApplication]
    charged_off: npt.NDArray[np.bool_]
    fiscal_year: npt.NDArray[np.int64]
    approved: npt.NDArray[np.datetime64]
    source: str
    fingerprint: str
    synthetic: bool
    dropped: dict[str, int]
    lines: npt.NDArray[np.int64]


def class_weights(
    charged_off: npt.NDArray[np.bool_], population: tuple[int, int] = NATIONAL_LOANS
) -> ClassWeights:
    """The weights that give a class-balanced sample the class totals of its population."""
    paid, lost = population
    losses = int(charged_off.sum())
    if not 0 < losses < len(charged_off):
        msg = "the loans hold one outcome only: both paid and charged-off loans are needed"
        raise ValueError(msg)
    return paid / (len(charged_off) - losses), lost / losses


def weights(
    charged_off: npt.NDArray[np.bool_], by_class: ClassWeights | None
) -> npt.NDArray[np.float64]:
    """One weight a loan; without `by_class` every loan counts once."""
    paid, lost = by_class or (1.0, 1.0)
    return np.where(charged_off, lost, paid)
