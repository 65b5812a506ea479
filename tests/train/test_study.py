import numpy as np
import pytest

from train.costs import Costs
from train.evaluate import judge
from train.findings import findings
from train.part import whole
from train.study import DUMMY, LOGISTIC, MODEL, Study, confusion, curve


@pytest.fixture
def study():
    """Twice as many weights on the negative rows, a model that is right but for a tenth."""
    rng = np.random.default_rng(9)
    positive = np.arange(500) % 2 == 0
    part = whole([None] * 500, positive, np.where(positive, 1.0, 2.0))
    scores = np.where(positive ^ (rng.random(500) < 0.1), 0.9, 0.1)
    answers = {MODEL: scores, DUMMY: np.full(500, 1 / 3)}
    return Study("by hand", "0" * 64, {"train": 10, "test": 500}, part, answers)


def test_the_confusion_is_in_shares_of_the_population(study):
    found = confusion(study.held_out, study.answers[MODEL], 0.5)

    assert sum(found.model_dump().values()) == pytest.approx(1)
    assert found.true_positive + found.false_negative == pytest.approx(1 / 3)


def test_a_constant_answer_has_the_brier_score_of_the_base_rate_and_ranks_nothing(study):
    found = findings(study, Costs(), 0.5)

    assert found.metrics[DUMMY]["brier"].value == pytest.approx(found.base_brier)
    assert found.metrics[DUMMY]["roc_auc"].value == 0.5


def test_the_lead_is_the_models_metric_minus_the_baselines(study):
    found = findings(study, Costs(), 0.5)
    ours, theirs = (found.metrics[name]["roc_auc"].value for name in (MODEL, DUMMY))

    assert found.leads[DUMMY]["roc_auc"].value == pytest.approx(ours - theirs)
    assert MODEL not in found.leads


def test_decisions_are_cheaper_than_deciding_one_way_always(study):
    found = findings(study, Costs(false_negative=5), 1 / 6)

    assert found.cost < min(found.cost_of_never, found.cost_of_always)
    assert found.cost_of_never == pytest.approx(5 / 3)


def test_the_curve_holds_every_row_once(study):
    points = curve(study.held_out, study.answers[MODEL])

    assert sum(point.rows for point in points) == 500
    assert [point.score for point in points] == pytest.approx([0.1, 0.9])


def test_every_model_is_measured_beside_its_baselines(outcome):
    (own, *_) = judge(outcome).findings

    assert set(own.metrics) == {MODEL, DUMMY, LOGISTIC}
    assert own.fingerprint == outcome.data.split
    assert own.metrics[MODEL]["roc_auc"].value > own.metrics[DUMMY]["roc_auc"].value + 0.05


def test_a_baseline_that_is_not_beaten_is_a_line_of_the_gate(outcome):
    gate = type(outcome.gate)(floors={}, leads={LOGISTIC: 0.9, "nobody": 0.0})
    lines = gate.check_leads(judge(outcome).findings[0].leads)

    assert len(lines) == 2
    assert "over the logistic baseline" in lines[0]
