import io
from dataclasses import replace

import pytest
from rich.console import Console

from train import display
from train.challenge import Challenge
from train.display import Result, remarks, summary
from train.evaluate import judge
from train.verdict import Verdict


@pytest.fixture
def result(phrases):
    return Result("sentiment", phrases, judge(phrases), "sentiment:abc")


def refused(result, tag=None):
    return Result(result.name, result.outcome, Verdict(result.verdict.metrics, ["too bad"]), tag)


def shown(*results):
    written = io.StringIO()
    Console(file=written, width=80).print(summary(results))
    return written.getvalue()


def test_the_table_has_tag_gate_and_held_out_metrics(result):
    metrics, table = result.verdict.metrics, shown(result)

    for expected in ("sentiment:abc", "passed", f"{metrics['test_roc_auc']:.4f}", "0.2500"):
        assert expected in table


def test_the_longest_tag_and_its_metrics_fit_on_one_line_of_a_small_terminal(result):
    tag = "breast_cancer:k5k6fihfk2vxaax4"
    (line,) = (line for line in shown(replace(result, tag=tag)).splitlines() if tag in line)

    assert f"{result.verdict.metrics['test_accuracy']:.4f}" in line


def test_the_data_are_named_and_called_synthetic_where_they_are(result):
    assert remarks(result)[0] == "sentiment: learned 334 rows of synthetic data: built-in phrases"


def test_a_model_worse_than_a_constant_answer_by_brier_score_is_told_by_its_own_figures(result):
    (own,) = result.verdict.findings
    brier = own.metrics["model"]["brier"].value
    as_good = own.model_copy(update={"base_brier": brier})
    better = replace(result, verdict=replace(result.verdict, findings=[as_good]))

    assert brier > own.base_brier
    assert f"worse than a constant answer, {brier:.4f} against {own.base_brier:.4f}" in " ".join(
        remarks(result)
    )
    assert not [line for line in remarks(better) if "constant" in line]


def test_a_refused_model_is_shown_as_not_saved_with_the_reason(result):
    assert "sentiment (not saved)" in shown(refused(result))
    assert remarks(refused(result))[1:] == [
        "sentiment: refused by its gate: too bad",
        "sentiment: not saved; --force saves it, labelled gate=failed",
    ]


def test_a_refused_model_that_is_saved_says_so(result):
    assert "gate=failed" in remarks(refused(result, "sentiment:abc"))[-1]
    assert "not saved" not in remarks(refused(result, "sentiment:abc"))[-1]


def test_without_a_terminal_every_stage_is_one_line(capsys):
    with display.progress("sentiment") as report:
        for stage, done in [("fitting", 0), ("fitting", 0.5), ("evaluating", 1)]:
            report(stage, done)

    assert capsys.readouterr().err.splitlines() == ["sentiment: fitting", "sentiment: evaluating"]


def test_on_a_terminal_there_is_a_bar(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with display.progress("sentiment") as report:
        report("fitting", 0.5)

    assert "━" in capsys.readouterr().err


def test_every_split_stands_beside_the_others_with_its_intervals(result):
    """Cut off, a figure is worse than none: all of it fits where there is no terminal to ask."""
    (own,) = result.verdict.findings
    later = own.model_copy(update={"split": "to 2003, asked 2005-06"})
    verdict = replace(result.verdict, findings=[own, later])
    written = io.StringIO()
    Console(file=written, width=display.WIDE).print(
        display.studies(replace(result, verdict=verdict))
    )
    shown = written.getvalue()

    assert "…" not in shown
    assert "random 80/20" in shown
    assert "to 2003, asked 2005-06" in shown
    assert shown.count("logistic") == shown.count("dummy") == 2


def test_a_table_of_scores_says_what_the_stored_model_scored(result):
    lead = result.verdict.findings[0].leads["dummy"]
    challenge = Challenge(stored="sentiment:old", rows=84, leads=lead, failures=[])
    shown = remarks(replace(result, verdict=replace(result.verdict, challenge=challenge)))

    assert "against sentiment:old on 84 rows that neither has learned" in shown[-1]
