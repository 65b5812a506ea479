"""The frozen reference: into which bins fields and scores fell in training, so that drift is seen.

The bins are quantiles of the training rows and never move again. So counts of different times and
workers can be added, and an amount in another unit can not hide: a thousandth of a loan lies in no
bin but the lowest.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError, model_validator

from models._contract import AnyContract, Strict

FILE = "reference.json"

BELOW, ABOVE = "__below__", "__above__"
OTHER, MISSING = "__other__", "__missing__"

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
Of = Literal["value", "length", "unknown_words"]


class Numbers(Strict):
    """A number, or of a text its length or share of unknown words, in bins of equal share.

    Bins, in this order: below `low`; from `low` to the first edge, and so on to `high`; above
    `high`; and, where there may be none, missing. A bin holds its lower edge and not its upper one.
    """

    kind: Literal["numbers"] = "numbers"
    field: str
    of: Of
    nullable: bool
    rows: Annotated[float, Field(gt=0, description="Effective: see `Sample.size`.")]
    low: float
    high: float
    edges: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def bins(self) -> tuple[str, ...]:
        """A name for each bin."""
        missing = (MISSING,) if self.nullable else ()
        return (BELOW, *_intervals((self.low, *self.edges, self.high)), ABOVE, *missing)

    @property
    def cuts(self) -> Floats:
        """Where one bin ends and the next begins, `low` and just above `high` included."""
        return cuts(self.low, self.edges, self.high)


class Categories(Strict):
    """A field of few values, the frequent ones each in a bin of its own.

    Bins, in this order: the `levels`; all others together, the `rare` ones and those that training
    never saw; and, where there may be none, missing. How much of rare and unseen there is can be
    told from the training rows, how the two share it can not.
    """

    kind: Literal["categories"] = "categories"
    field: str
    nullable: bool
    rows: Annotated[float, Field(gt=0, description="Effective: see `Sample.size`.")]
    levels: tuple[str, ...]
    rare: tuple[str, ...]
    shares: tuple[float, ...]

    @property
    def bins(self) -> tuple[str, ...]:
        """A name for each bin."""
        return (*self.levels, OTHER, *((MISSING,) if self.nullable else ()))

    def place(self, value: object) -> int | None:
        """The number of a value's bin; None for a value that training never saw."""
        if value is None and self.nullable:
            return self.bins.index(MISSING)
        text = label(value)
        if text in self.levels:
            return self.levels.index(text)
        return self.bins.index(OTHER) if text in self.rare else None


class Score(Strict):
    """The probability of the positive outcome, over rows that training did not see.

    `bins` are tenths of these rows, to see whether scores move. `grid` lies over them, finer and up
    to 0 and 1, to say what scores are worth wherever they move to: `chances` are the shares of rows
    between its edges that were positive. The decision's threshold is one of its edges, so that all
    rows between two edges are decided alike.
    """

    field: str
    threshold: float
    rows: Annotated[float, Field(gt=0, description="Effective: see `Sample.size`.")]
    mean: float
    deviation: float
    edges: tuple[float, ...]
    shares: tuple[float, ...]
    grid: tuple[float, ...]
    grid_shares: tuple[float, ...]
    chances: tuple[float, ...]

    @property
    def bins(self) -> tuple[str, ...]:
        """A name for each bin."""
        return _intervals((0.0, *self.edges, 1.0))


Feature = Annotated[Numbers | Categories, Field(discriminator="kind")]


class Reference(Strict):
    """All that serving compares with. `words` are those of each text field in training."""

    features: dict[str, Feature]
    words: dict[str, tuple[str, ...]]
    score: Score

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """What does not go together would be found out at the first report, by who asked for it."""
        for name, each in {**self.features, "score": self.score}.items():
            if len(each.shares) != len(each.bins):
                msg = f"{name} has {len(each.bins)} bins and {len(each.shares)} shares"
                raise ValueError(msg)
        inner = len(self.score.grid) + 1
        if not inner == len(self.score.grid_shares) == len(self.score.chances):
            msg = f"the grid of the score has {inner} bins, and not as many shares and chances"
            raise ValueError(msg)
        return self

    def fits(self, contract: AnyContract) -> bool:
        """Whether all that is counted is there to be counted."""
        fields = {each.field for each in self.features.values()}
        return (
            fields <= contract.ROW.model_fields.keys()
            and self.score.field in contract.PREDICTION.model_fields
        )


def read(folder: Path, contract: AnyContract) -> Reference | None:
    """Read a model's reference; None where there is none that this code can count against."""
    try:
        reference = Reference.model_validate_json((folder / FILE).read_bytes())
    except (OSError, ValidationError):
        return None
    return reference if reference.fits(contract) else None


def label(value: object) -> str:
    """How a category is written: an enum by its value, a bool as in JSON."""
    plain = getattr(value, "value", value)
    return str(plain).lower() if isinstance(plain, bool) else str(plain)


def cuts(low: float, edges: Sequence[float], high: float) -> Floats:
    """`high` itself still lies inside."""
    return np.array([low, *edges, np.nextafter(high, np.inf)])


def place(cuts: Floats, values: Floats, *, nullable: bool) -> Places:
    """The number of each value's bin, as in `Numbers`; NaN stands for missing."""
    places = cuts.searchsorted(values, side="right")
    if nullable:
        places[np.isnan(values)] = len(cuts) + 1
    return places


def _intervals(edges: Sequence[float]) -> tuple[str, ...]:
    return tuple(
        f"{number:02} {low:.6g}..{high:.6g}"
        for number, (low, high) in enumerate(pairwise(edges), 1)
    )
