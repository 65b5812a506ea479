import io

import pytest
from rich.console import Console

from train import display
from train.display import Result, remarks, summary
from train.evaluate import judge
from train.verdict import Verdict


@pytest.fixture
def result(phrases):
    return Result("sentiment", phrases, judge(phrases), "sentiment:abc", 1.25)


def refused(result, tag=None):
    return Result(
        result.name, result.outcome, Verdict(result.verdict.metrics, ["too bad"]), tag, 1.0
    )


def shown(*results):
    written = io.StringIO()
    Console(file=written, width=display.WIDE).print(summary(results))
    return written.getvalue()


def test_the_table_has_tag_gate_data_and_held_out_metrics(result):
    metrics, table = result.verdict.metrics, shown(result)

    for expected in ("sentiment:abc", "passed", "synthetic", f"{metrics['test_roc_auc']:.4f}"):
        assert expected in table
    assert f"{metrics['test_brier']:.4f} (0.2500)" in table


def test_a_row_fits_on_one_line_where_there_is_no_terminal(result):
    (line,) = (line for line in shown(result).splitlines() if "sentiment:abc" in line)

    assert f"{result.verdict.metrics['test_accuracy']:.4f}" in line


def test_a_refused_model_is_shown_as_not_saved_with_the_reason(result):
    assert "sentiment (not saved)" in shown(refused(result))
    assert remarks(refused(result)) == [
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
