"""The model card: what a model does, from which data, how well, and what it is not for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from serving.versions import current_versions
from train.bootstrap import Measured
from train.card_page import page
from train.findings import worse_than_constant
from train.picture import Picture
from train.recipe import Outcome
from train.revision import revision
from train.study import Findings
from train.verdict import Verdict

Row = Sequence[str]

WHOLE = 1_000
"""From here on a number is shown without decimals."""

METRICS = {
    "roc_auc": "ROC-AUC",
    "average_precision": "PR-AUC",
    "brier": "Brier",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
}


@dataclass(frozen=True)
class Table:
    """Some rows under a heading; the first row is the head, `note` stands below."""

    heading: str
    rows: Sequence[Row]
    note: str = ""


@dataclass(frozen=True)
class Card:
    """The same page, whichever way it is written down."""

    title: str
    data: str
    predicts: str
    use: Sequence[tuple[str, str]]
    cautions: Sequence[str]
    tables: Sequence[Table]
    pictures: Sequence[Picture] = ()


def of(
    outcome: Outcome, verdict: Verdict, started: datetime, pictures: Sequence[Picture] = ()
) -> Card:
    """Gather what is known."""
    kind = "synthetic" if outcome.data.synthetic else "real"
    about = outcome.about
    use = [("Intended use", about.intended), ("Forbidden use", about.forbidden)]
    tables = [
        *(_split(found) for found in verdict.findings),
        Table("Gate", _gate(verdict)),
        Table("Decisions", _decisions(outcome, verdict)),
        Table("Groups", _groups(verdict), "Held-out rows; blank where too few say anything."),
        Table("Data", _data(outcome)),
        Table("Fields", _fields(outcome)),
        Table("Each column alone", _alone(outcome), "ROC-AUC out of fold, on the rows learned."),
        Table("All metrics", _metrics(verdict)),
        Table("Made with", _made(outcome, started)),
    ]
    return Card(
        title=outcome.runner.contract.NAME,
        data=f"Trained on {kind} data: {outcome.data.source}.",
        predicts=about.predicts,
        use=[(name, text) for name, text in use if text],
        cautions=[*about.cautions, *about.defects],
        tables=[table for table in tables if len(table.rows) > 1 or table.heading == "Gate"],
        pictures=pictures,
    )


def _split(found: Findings) -> Table:
    """Contenders side by side, with intervals."""
    who = list(found.metrics)
    rows = [
        [name, *(_with_interval(found.metrics[each][metric]) for each in who)]
        for metric, name in METRICS.items()
    ]
    sizes = ", ".join(f"{part} {count:,}" for part, count in found.rows.items())
    worse = worse_than_constant(found)
    note = (
        f"Rows: {sizes}. Positive: {found.base_rate:.1%} of those held out; as a constant answer "
        f"that rate, known to nobody beforehand, has a Brier score of {found.base_brier:.4f}. "
        "In brackets 95 % bootstrap intervals."
        + (f" {worse[0].upper()}{worse[1:]}." if worse else "")
    )
    return Table(f"Held out: {found.split}", [["metric", *who], *rows], note)


def _with_interval(measured: Measured) -> str:
    low, high = measured.interval
    return f"{measured.value:.4f} [{low:.3f} - {high:.3f}]"


def _gate(verdict: Verdict) -> list[Row]:
    lines = [[line] for line in verdict.failures]
    return [["failed" if lines else "passed"], *lines]


def _decisions(outcome: Outcome, verdict: Verdict) -> list[Row]:
    rows = [
        ["cost of a false negative", f"{outcome.costs.false_negative:g}"],
        ["cost of a false positive", f"{outcome.costs.false_positive:g}"],
        ["threshold that follows", f"{outcome.runner.policy.threshold:.4f}"],
    ]
    for found in verdict.findings[:1]:
        rows += [
            ["cost of a row, as decided", f"{found.cost:.4f}"],
            ["cost of a row if never positive", f"{found.cost_of_never:.4f}"],
            ["cost of a row if always positive", f"{found.cost_of_always:.4f}"],
            *(
                [name.replace("_", " "), f"{share:.1%}"]
                for name, share in found.confusion.model_dump().items()
            ),
        ]
    return [["what", "value"], *rows, *_calibration(outcome), *_tuning(outcome)]


def _calibration(outcome: Outcome) -> list[Row]:
    found = outcome.calibration
    if found is None:
        return [["calibration", "not tried: no rows to spare for it"]]
    kept = (
        f"applied: log odds x {found.scale:.3f} {found.shift:+.3f}"
        if found.applied
        else "not applied: it does not lower the Brier score"
    )
    return [
        ["calibration", kept],
        ["Brier without and with it", f"{found.brier_before:.5f}, {found.brier_after:.5f}"],
    ]


def _tuning(outcome: Outcome) -> list[Row]:
    found = outcome.tuning
    if found is None:
        return []
    chosen = ", ".join(f"{name} {value}" for name, value in found.chosen.items())
    brier = f"{found.first_brier:.5f}, {found.best_brier:.5f}"
    return [
        [f"best of {found.tried} settings", chosen],
        ["cross-validated Brier, first and best", brier],
    ]


def _groups(verdict: Verdict) -> list[Row]:
    rows = [
        [
            f"{each.field.replace('_', ' ')}: {each.value}",
            f"{each.rows:,}",
            f"{each.base_rate:.1%}",
            f"{each.mean_score:.1%}",
            f"{each.declared_positive:.1%}",
            "" if each.roc_auc is None else f"{each.roc_auc:.3f}",
        ]
        for each in verdict.subgroups
    ]
    head = ["group", "rows", "positive", "predicted", "declared positive", "ROC-AUC"]
    return [head, *rows]


def _data(outcome: Outcome) -> list[Row]:
    data, report = outcome.data, outcome.report
    known = [
        ["source", data.source],
        ["sha256", data.fingerprint],
        ["licence", outcome.about.licence],
    ]
    read = [] if data.read is None else [["rows read", f"{data.read:,}"]]
    dropped = [[f"dropped: {reason}", f"{count:,}"] for reason, count in data.dropped.items()]
    rows = [[f"rows: {part}", f"{count:,}"] for part, count in data.rows.items()]
    minded = [["remark", remark] for remark in report.remarks] if report else []
    ends = [["split", f"{data.split_by}, sha256 {data.split}"], ["seed", str(data.seed)]]
    return [["what", "value"], *known, *read, *dropped, *rows, *minded, *ends]


def _fields(outcome: Outcome) -> list[Row]:
    head = ["field", "kind", "least", "median", "most", "levels", "unknown"]
    fields = outcome.report.fields if outcome.report else []
    rows = [
        [
            each.name.replace("_", " "),
            each.kind,
            *(
                "" if value is None else f"{value:,.0f}" if value >= WHOLE else f"{value:,.4g}"
                for value in (each.least, each.median, each.most, each.levels)
            ),
            f"{each.unknown:.1%}" if each.kind == "category" else "",
        ]
        for each in fields
    ]
    return [head, *rows]


def _alone(outcome: Outcome) -> list[Row]:
    most = list(outcome.alone.items())[:15]
    rows = [[name.replace("_", " "), f"{value:.3f}"] for name, value in most]
    return [["column", "ROC-AUC"], *rows]


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


def _made(outcome: Outcome, started: datetime) -> list[Row]:
    versions = current_versions()
    return [
        ["what", "value"],
        ["trained at", started.isoformat(timespec="seconds")],
        ["estimator", outcome.runner.estimator.kind],
        ["code revision", revision() or "unknown"],
        ["Python", versions.python],
        *([library, number] for library, number in versions.libraries.items()),
    ]


def markdown(card: Card) -> str:
    """As text; the pictures are on the page only."""
    head = [f"# {card.title}", f"**{card.data}**", card.predicts]
    use = [f"**{name}.** {text}" for name, text in card.use]
    cautions = ["\n".join(f"- {caution}" for caution in card.cautions)]
    tables = [
        f"## {table.heading}\n\n{_markdown_table(table.rows)}"
        + (f"\n\n{table.note}" if table.note else "")
        for table in card.tables
    ]
    return "\n\n".join([*head, *use, *cautions, *tables]) + "\n"


def _markdown_table(rows: Sequence[Row]) -> str:
    head, *body = [
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows
    ]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def html(card: Card) -> str:
    """As a page that needs nothing else."""
    return page(card)
