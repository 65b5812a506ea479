"""What the terminal shows: how far training is, and in the end what was measured."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from train.bootstrap import Measured
from train.findings import worse_than_constant
from train.progress import Progress as Report
from train.recipe import Outcome
from train.study import Findings
from train.verdict import Verdict

WIDE = 100
"""Columns where there is no terminal to ask: a table in a log should not be folded."""


@dataclass(frozen=True)
class Result:
    """One model's training: `tag` is None if it was not saved; `notes` are of what came after."""

    name: str
    outcome: Outcome
    verdict: Verdict
    tag: str | None
    notes: tuple[str, ...] = ()


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal, or wide enough for the table."""
    found = Console(stderr=stderr, highlight=False)
    return found if found.is_terminal else Console(stderr=stderr, highlight=False, width=WIDE)


@contextmanager
def progress(name: str) -> Iterator[Report]:
    """A bar on a terminal; elsewhere one line for each stage."""
    screen = console(stderr=True)
    if screen.is_terminal:
        with _bar(screen) as bar:
            task = bar.add_task(name, total=1.0, stage="")
            yield lambda stage, done: bar.update(task, completed=done, stage=stage)
    else:
        yield _lines(screen, name)


def _bar(screen: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
        console=screen,
    )


def _lines(screen: Console, name: str) -> Report:
    shown: set[str] = set()

    def report(stage: str, _: float) -> None:
        if stage not in shown:
            shown.add(stage)
            screen.print(f"{name}: {stage}", markup=False)

    return report


def summary(results: Sequence[Result]) -> Table:
    """The held-out metrics of each model, narrow enough for a terminal of 80 columns."""
    table = Table(
        title="Held-out metrics",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    table.add_column("model", no_wrap=True)
    table.add_column("gate")
    for heading in ("ROC-AUC", "PR-AUC", "Brier", "(base)", "acc."):
        table.add_column(heading, justify="right")
    for result in results:
        table.add_row(*_cells(result))
    return table


def _cells(result: Result) -> list[str]:
    metrics = result.verdict.metrics
    measured = ("roc_auc", "average_precision", "brier", "base_brier", "accuracy")
    return [
        result.tag or f"{result.name} (not saved)",
        "[green]passed[/]" if result.verdict.passed else "[red]failed[/]",
        *(f"{metrics[f'test_{name}']:.4f}" for name in measured),
    ]


def studies(result: Result) -> Table:
    """Every split side by side: the model, then its baselines, with 95 % intervals."""
    table = Table(
        title="Splits side by side, 95 % intervals",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    for heading in ("split", "who", "ROC-AUC", "PR-AUC", "(base)", "Brier", "(base)"):
        table.add_column(heading, no_wrap=True)
    for found in result.verdict.findings:
        sizes = f"  {found.rows['train']:,} / {found.rows['test']:,} rows"
        for who, named in zip(found.metrics, (found.split, sizes, ""), strict=False):
            table.add_row(named, who, *_measures(found, who))
    return table


def _measures(found: Findings, who: str) -> list[str]:
    metrics = found.metrics[who]
    return [
        _with_interval(metrics["roc_auc"]),
        _with_interval(metrics["average_precision"]),
        f"{found.base_rate:.3f}",
        _with_interval(metrics["brier"]),
        f"{found.base_brier:.3f}",
    ]


def _with_interval(measured: Measured) -> str:
    low, high = measured.interval
    return f"{measured.value:.3f} {low:.3f}-{high:.3f}".replace("0.", ".")


def remarks(result: Result) -> list[str]:
    """What the table cannot hold: the data, what was dropped, what to mind, why a gate refused."""
    data = result.outcome.data
    kind = "synthetic" if data.synthetic else "real"
    learned = f"learned {data.rows['train']:,} rows of {kind} data: {data.source}"
    dropped = [f"dropped {count:,} rows: {reason}" for reason, count in data.dropped.items()]
    failures = [f"refused by its gate: {line}" for line in result.verdict.failures]
    lines = [learned, *dropped, *_minded(result), *result.outcome.notes, *failures]
    if failures and result.tag:
        lines.append(
            "saved all the same, labelled gate=failed; latest is the newest that passed, if any"
        )
    elif failures:
        lines.append("not saved; --force saves it, labelled gate=failed")
    return [f"{result.name}: {line}" for line in (*lines, *result.notes)]


def _minded(result: Result) -> list[str]:
    """What is odd about the data, what the settings came from, and how the stored model fared."""
    report, tuning = result.outcome.report, result.outcome.tuning
    against = result.verdict.challenge
    found = [worse_than_constant(each) for each in result.verdict.findings[:1]]
    lines = [*(report.remarks if report else ()), *(line for line in found if line)]
    if tuning:
        lines.append(
            f"tuned: {tuning.tried} settings tried in {tuning.minutes:g} minutes, cross-validated "
            f"Brier {tuning.first_brier:.4f} to {tuning.best_brier:.4f} with {tuning.chosen}"
        )
    if against and against.note:
        lines.append(against.note)
    elif against and against.leads:
        lead = against.leads["roc_auc"]
        low, high = lead.interval
        lines.append(
            f"ROC-AUC {lead.value:+.4f} ({low:+.4f} to {high:+.4f}) against {against.stored} on "
            f"{against.rows:,} rows that neither has learned"
        )
    return lines
