"""The model card: what a model does, from which data, how well, and what it is not for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from serving.artifact import current_versions
from train.recipe import Outcome
from train.verdict import Verdict

Row = Sequence[str]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: auto; padding: 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .6rem; text-align: left }
td { overflow-wrap: anywhere }
"""


@dataclass(frozen=True)
class Table:
    """Some rows under a heading; the first row is the head."""

    heading: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Card:
    """The same page, whichever way it is written down."""

    title: str
    data: str
    predicts: str
    cautions: Sequence[str]
    tables: Sequence[Table]


def of(outcome: Outcome, verdict: Verdict, started: datetime) -> Card:
    """Gather what is known."""
    kind = "synthetic" if outcome.data.synthetic else "real"
    return Card(
        title=outcome.runner.contract.NAME,
        data=f"Trained on {kind} data: {outcome.data.source}.",
        predicts=outcome.about.predicts,
        cautions=outcome.about.cautions,
        tables=[
            Table("Data", _data(outcome)),
            Table("Metrics", _metrics(verdict)),
            Table("Gate", _gate(verdict)),
            Table("Made with", _made(outcome, started)),
        ],
    )


def _data(outcome: Outcome) -> list[Row]:
    data = outcome.data
    rows = [[f"rows: {part}", f"{count:,}"] for part, count in data.rows.items()]
    dropped = [[f"dropped: {reason}", f"{count:,}"] for reason, count in data.dropped.items()]
    known = [
        ["source", data.source],
        ["sha256", data.fingerprint],
        ["licence", outcome.about.licence],
    ]
    return [["what", "value"], *known, *rows, *dropped, ["seed", str(data.seed)]]


def _metrics(verdict: Verdict) -> list[Row]:
    """Held out beside trained on; what belongs to neither stands alone."""
    held_out = {
        name: name.removeprefix("test_") for name in verdict.metrics if name.startswith("test_")
    }
    rows = [
        [metric, f"{verdict.metrics[name]:.4f}", f"{verdict.metrics[f'train_{metric}']:.4f}"]
        for name, metric in held_out.items()
    ]
    others = [
        [name, f"{value:.4f}", ""]
        for name, value in verdict.metrics.items()
        if not name.startswith(("test_", "train_"))
    ]
    return [["metric", "held out", "trained on"], *rows, *others]


def _gate(verdict: Verdict) -> list[Row]:
    lines = [[line] for line in verdict.failures]
    return [["failed" if lines else "passed"], *lines]


def _made(outcome: Outcome, started: datetime) -> list[Row]:
    versions = current_versions()
    return [
        ["what", "value"],
        ["trained at", started.isoformat(timespec="seconds")],
        ["estimator", outcome.runner.estimator.kind],
        ["threshold", f"{outcome.runner.policy.threshold:.4f}"],
        ["Python", versions.python],
        *([library, number] for library, number in versions.libraries.items()),
    ]


def markdown(card: Card) -> str:
    """As text."""
    head = [f"# {card.title}", f"**{card.data}**", card.predicts]
    cautions = ["\n".join(f"- {caution}" for caution in card.cautions)]
    tables = [f"## {table.heading}\n\n{_markdown_table(table.rows)}" for table in card.tables]
    return "\n\n".join([*head, *cautions, *tables]) + "\n"


def _markdown_table(rows: Sequence[Row]) -> str:
    head, *body = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows
    ]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def html(card: Card) -> str:
    """As a page that needs nothing else."""
    cautions = "".join(f"<li>{escape(caution)}</li>" for caution in card.cautions)
    tables = "".join(
        f"<h2>{escape(table.heading)}</h2>\n{_html_table(table.rows)}\n" for table in card.tables
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(card.title)}</title>
<style>{STYLE}</style>
<h1>{escape(card.title)}</h1>
<p><strong>{escape(card.data)}</strong></p>
<p>{escape(card.predicts)}</p>
<ul>{cautions}</ul>
{tables}</html>
"""


def _html_table(rows: Sequence[Row]) -> str:
    head, *body = rows
    lines = [_html_row(head, "th"), *(_html_row(row, "td") for row in body)]
    return f"<table>\n{''.join(lines)}</table>"


def _html_row(row: Row, cell: str) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(text)}</{cell}>" for text in row) + "</tr>\n"
