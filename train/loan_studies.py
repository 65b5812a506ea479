"""Other splits of the loans: learn from earlier years, be asked about later ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from train.part import FEWEST_OF_EACH, Part
from train.split import Split, by_year
from train.study import Study


@dataclass(frozen=True)
class Years:
    """Fiscal years of approval: learn up to the first, stop and calibrate by the next, then ask."""

    train_to: int
    validation: int
    test: tuple[int, int]

    @property
    def name(self) -> str:
        """For people."""
        first, last = self.test
        return f"to {self.train_to}, asked {first}-{last % 100:02}"


OUT_OF_TIME = (Years(2003, 2004, (2005, 2006)), Years(2004, 2005, (2006, 2008)))

Parts = Mapping[str, Part]


def out_of_time(
    everything: Part, answer: Callable[[Parts, Split, str], Study]
) -> tuple[tuple[Study, ...], tuple[str, ...]]:
    """One study for each split the years allow, and a note for each they do not."""
    studies, notes = [], []
    for years in OUT_OF_TIME:
        split = _split(everything, years)
        parts = split and taken(everything, split)
        if split and parts and all(_enough(part) for part in parts.values()):
            studies.append(answer(parts, split, years.name))
        else:
            notes.append(f"not measured out of time ({years.name}): too few loans of these years")
    return tuple(studies), tuple(notes)


def taken(everything: Part, split: Split) -> Parts:
    """The three parts of a split."""
    return {name: everything.take(getattr(split, name)) for name in ("train", "validation", "test")}


def _split(everything: Part, years: Years) -> Split | None:
    if everything.years is None:
        return None
    try:
        return by_year(
            everything.years,
            train_to=years.train_to,
            validation=years.validation,
            test=years.test,
        )
    except ValueError:
        return None


def _enough(part: Part) -> bool:
    positive = int(part.positive.sum())
    return min(positive, len(part) - positive) >= FEWEST_OF_EACH
