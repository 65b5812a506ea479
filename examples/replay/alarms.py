"""What each way of watching says of a year's loans, at the time when it can say it."""

from dataclasses import dataclass

from models import loan_default
from monitoring.kept import Kept
from monitoring.period import Asked, PeriodReport, period_report
from monitoring.quality import levels, step
from monitoring.reference import Reference

NAMES = (
    "fields drift",
    "scores drift",
    "mean prediction shifts",
    "expected accuracy (no outcomes)",
    "measured accuracy",
    "measured Brier score",
    "measured ROC-AUC",
)
# PSI above 0.1: a notice is a shift that is real, but small.
DRIFTED = ("moderate", "major")


@dataclass(frozen=True)
class Rung:
    """At `when`, a fiscal time, looking back on one year: each alarm True, False or not known."""

    when: float
    alarms: dict[str, bool | None]
    figures: dict[str, float | None]


Span = tuple[float, float]


@dataclass(frozen=True)
class Watcher:
    """Reads the predictions file as `python -m monitoring report` does."""

    kept: Kept
    version: str
    reference: Reference

    def look(self, when: float, approved: Span | None, judged: Span | None) -> Rung:
        """Ask about the year just approved, and the year whose outcomes have just come.

        Args:
            when: Fiscal time.
            approved: When the first was answered, in seconds since 1970; None where none was.
            judged: When the second was; None where no outcome has come yet.
        """
        alarms: dict[str, bool | None] = dict.fromkeys(NAMES)
        figures: dict[str, float | None] = {}
        if approved is not None:
            self._approved(self._report(approved), alarms, figures)
        if judged is not None:
            _judged(self._report(judged), alarms, figures)
        return Rung(when, alarms, figures)

    def _report(self, span: Span) -> PeriodReport:
        asked = Asked(loan_default, self.version, self.reference, *span)
        return period_report(asked, self.kept)

    def _approved(
        self,
        found: PeriodReport,
        alarms: dict[str, bool | None],
        figures: dict[str, float | None],
    ) -> None:
        drift = found.drift
        if drift.expected is None or drift.prediction is None:
            return
        verdicts = [each.verdict for each in drift.features.values()]
        level = levels(self.reference.score, step(found.rows)).accuracy[1]
        alarms["fields drift"] = any(each in DRIFTED for each in verdicts)
        alarms["scores drift"] = drift.score.verdict in DRIFTED
        alarms["mean prediction shifts"] = drift.prediction.shifted
        alarms["expected accuracy (no outcomes)"] = drift.expected.accuracy < level
        figures["expected accuracy"] = drift.expected.accuracy
        figures["drifted fields"] = float(sum(each in DRIFTED for each in verdicts))


def _judged(
    found: PeriodReport, alarms: dict[str, bool | None], figures: dict[str, float | None]
) -> None:
    if found.quality is None:
        return
    for name, measure in (
        ("accuracy", found.quality.accuracy),
        ("Brier score", found.quality.brier),
        ("ROC-AUC", found.quality.roc_auc),
    ):
        if measure is not None:
            alarms[f"measured {name}"] = measure.worse
            figures[f"measured {name}"] = measure.value
            figures[f"level of {name}"] = measure.level
