"""Questions to Prometheus, and how their answers are drawn."""

from dataclasses import dataclass
from typing import Any, Literal

WIDTH = 24

Kind = Literal["timeseries", "stacked", "state-timeline", "stat", "heatmap", "table", "row"]


@dataclass(frozen=True)
class Query:
    """A question, and what its answers are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture. `width` is in Grafana's columns, of which a screen has 24."""

    title: str
    queries: tuple[Query, ...] = ()
    unit: str = "short"
    kind: Kind = "timeseries"
    width: int = 8
    meaning: str = ""
    steps: tuple[tuple[str, float | None], ...] = ()
    top: float | None = None
    signed: bool = False


def row(title: str) -> Panel:
    """Say what comes next."""
    return Panel(title, kind="row", width=WIDTH)


def ask(title: str, expr: str, legend: str = "", **more: Any) -> Panel:
    """Draw the answer to one question."""
    return Panel(title, (Query(expr, legend),), **more)


GOOD_IS_NONE = (("green", None), ("red", 1.0))
DRIFT_STEPS = (("green", None), ("yellow", 0.1), ("red", 0.2))
JOB = 'job="$job"'
MODEL = f'{JOB},model=~"$model"'
PATH = f'{JOB},path=~"/($model)/predict"'


def quantile(name: str, part: float) -> Query:
    """Ask for a quantile of a histogram, by model."""
    rate = f"sum by (model, le) (rate(tabento_{name}_bucket{{{MODEL}}}[$__rate_interval]))"
    return Query(f"histogram_quantile({part}, {rate})", f"{{{{model}}}} p{part * 100:g}")


def heat(title: str, name: str, meaning: str, unit: str) -> Panel:
    """Draw how a histogram's values lie over time."""
    rate = f"sum by (le) (increase(tabento_{name}_bucket{{{MODEL}}}[$__rate_interval]))"
    return ask(title, rate, "{{le}}", kind="heatmap", meaning=meaning, unit=unit)
