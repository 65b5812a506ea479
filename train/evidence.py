"""Everything that was found out about a model, as one JSON file of its artifact."""

from models._contract import Strict
from train.calibrate import Calibration
from train.challenge import Challenge
from train.costs import Costs
from train.recipe import Outcome
from train.study import Findings
from train.subgroups import Subgroup
from train.tune import Tuning
from train.validate import Report
from train.verdict import Verdict


class Evidence(Strict):
    """The first of the `findings` is of the model itself; `alone` is each column's ROC-AUC."""

    findings: list[Findings]
    subgroups: list[Subgroup]
    alone: dict[str, float]
    costs: Costs
    calibration: Calibration | None
    tuning: Tuning | None
    report: Report | None
    challenge: Challenge | None
    failures: list[str]


def evidence(outcome: Outcome, verdict: Verdict) -> bytes:
    """Write it down."""
    found = Evidence(
        findings=verdict.findings,
        subgroups=verdict.subgroups,
        alone=dict(outcome.alone),
        costs=outcome.costs,
        calibration=outcome.calibration,
        tuning=outcome.tuning,
        report=outcome.report,
        challenge=verdict.challenge,
        failures=verdict.failures,
    )
    return found.model_dump_json(indent=1).encode()
