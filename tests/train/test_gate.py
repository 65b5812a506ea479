import pytest

from train.gate import Gate

GATE = Gate(floors={"test_roc_auc": 0.7}, ceilings={"test_brier": 0.2})


def test_metrics_within_every_limit_pass():
    assert GATE.check({"test_roc_auc": 0.7, "test_brier": 0.2}) == []


@pytest.mark.parametrize(
    ("metrics", "line"),
    [
        ({"test_roc_auc": 0.6999}, "test_roc_auc is 0.6999, should be at least 0.7"),
        ({"test_brier": 0.2001}, "test_brier is 0.2001, should be at most 0.2"),
        ({"test_roc_auc": float("nan")}, "test_roc_auc is nan, should be at least 0.7"),
        ({"test_brier": float("nan")}, "test_brier is nan, should be at most 0.2"),
    ],
)
def test_a_line_that_fails_is_said_in_words(metrics, line):
    good = {"test_roc_auc": 0.8, "test_brier": 0.1}

    assert GATE.check(good | metrics) == [line]


def test_what_was_not_measured_fails():
    assert GATE.check({}) == [
        "test_roc_auc is not measured, should be at least 0.7",
        "test_brier is not measured, should be at most 0.2",
    ]
