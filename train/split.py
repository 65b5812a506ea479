"""Which rows are trained on, which are validated on, and which are only tested on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split

Indices = npt.NDArray[np.int64]
Parts = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of three parts that share no row; `validation` may be empty."""

    train: Indices
    validation: Indices
    test: Indices

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 of the row numbers in their order: it shows that two splits are the same."""
        digest = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part.astype("<i8").tobytes())
        return digest.hexdigest()


def random_split(
    n: int,
    seed: int,
    parts: Parts = (0.7, 0.1, 0.2),
    stratify: npt.NDArray[np.generic] | None = None,
) -> Split:
    """Split at random into shares of `n`, each with the same mix of the labels in `stratify`.

    The test part is the one scikit-learn's `train_test_split` gives for the same seed and share.
    """
    _, validation_share, test_share = _checked(parts)
    rest, test = _cut(np.arange(n), test_share, seed, stratify)
    if not validation_share:
        return Split(rest, np.arange(0), test)
    train, validation = _cut(rest, round(validation_share * n), seed, stratify)
    return Split(train, validation, test)


def by_year(
    fiscal_year: npt.NDArray[np.int64], *, train_to: int, validation: int, test: tuple[int, int]
) -> Split:
    """Train up to and with one year, validate on a later one, test on later ones still."""
    first, last = test
    if not train_to < validation < first <= last:
        msg = f"years must rise: train to {train_to}, validate {validation}, test {first} to {last}"
        raise ValueError(msg)
    chosen = {
        f"train to {train_to}": fiscal_year <= train_to,
        f"validate {validation}": fiscal_year == validation,
        f"test {first} to {last}": (first <= fiscal_year) & (fiscal_year <= last),
    }
    for part, rows in chosen.items():
        if not rows.any():
            msg = f"no row to {part}: the years are {fiscal_year.min()} to {fiscal_year.max()}"
            raise ValueError(msg)
    return Split(*(np.flatnonzero(rows) for rows in chosen.values()))


def _checked(parts: Parts) -> Parts:
    train, validation, test = parts
    if train <= 0 or validation < 0 or test <= 0 or not np.isclose(sum(parts), 1):
        msg = f"parts must be shares of train, validation and test that sum to 1, not {parts}"
        raise ValueError(msg)
    return parts


def _cut(
    rows: Indices, size: float, seed: int, stratify: npt.NDArray[np.generic] | None
) -> tuple[Indices, Indices]:
    labels = None if stratify is None else stratify[rows]
    kept, cut = train_test_split(rows, test_size=size, random_state=seed, stratify=labels)
    return kept, cut
