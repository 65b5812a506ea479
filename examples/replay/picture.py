"""The story as one picture: what came true, what was said, and when each alarm rang."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from examples.replay.alarms import NAMES, Rung
from train.picture import OURS, POSITIVE, STYLE

SILENT = "#dddddd"
BAR = 0.62


@dataclass(frozen=True)
class Truth:
    """Of the loans approved in one fiscal year."""

    year: int
    rows: int
    rate: float
    mean: float


def draw(truths: Sequence[Truth], rungs: Sequence[Rung], late: int, file: Path) -> None:
    """Write an SVG: by year of approval above, by the time an alarm can ring below."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.0, 6.2), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.15))
        _truths(above, truths)
        _alarms(below, rungs, late)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def _truths(axes: Any, truths: Sequence[Truth]) -> None:
    # A year's loans lie about its middle.
    years = [each.year + 0.5 for each in truths]
    axes.plot(years, [each.rate for each in truths], "o-", color=POSITIVE, label="charged off")
    axes.plot(years, [each.mean for each in truths], "o-", color=OURS, label="mean prediction")
    for each in truths:
        axes.annotate(
            f"{each.rate:.0%}", (each.year + 0.5, each.rate), (0, 6), textcoords="offset points",
            ha="center", color=POSITIVE, fontsize=8,
        )  # fmt: skip
    axes.set(ylim=(0, None), ylabel="share of the year's loans", title="Loans by year of approval")
    axes.legend(loc="upper left")


def _alarms(axes: Any, rungs: Sequence[Rung], late: int) -> None:
    for place, name in enumerate(reversed(NAMES)):
        for rung in rungs:
            state = rung.alarms[name]
            if state is not None:
                colour = POSITIVE if state else SILENT
                axes.barh(place, 0.25, BAR, left=rung.when - 0.25, color=colour, linewidth=0)
    axes.set_yticks(range(len(NAMES)), list(reversed(NAMES)))
    axes.grid(visible=False, axis="y")
    axes.set(
        xlabel="fiscal year",
        title=f"Alarms by when they ring, each over a year; outcomes are {late / 4:g} years late",
    )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlim(rungs[0].when - 0.5, rungs[-1].when + 0.25)
    handles = [Patch(color=POSITIVE, label="rings"), Patch(color=SILENT, label="silent")]
    handles.append(Patch(alpha=0, label="blank: too few rows, or not known yet"))
    axes.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=3, frameon=False
    )
