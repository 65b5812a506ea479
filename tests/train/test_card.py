from dataclasses import replace
from datetime import UTC, datetime

import pytest

from train import card
from train.evaluate import judge
from train.gate import Gate

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def page(outcome):
    return card.of(outcome, judge(outcome), STARTED)


def test_the_first_line_says_whether_the_data_are_synthetic(phrases, biopsies, made_up_loans):
    first = [
        card.markdown(page(each)).splitlines()[2] for each in (phrases, made_up_loans, biopsies)
    ]

    assert [line.partition(":")[0] for line in first] == [
        "**Trained on synthetic data",
        "**Trained on synthetic data",
        "**Trained on real data",
    ]


def test_the_breast_cancer_card_says_that_it_is_not_medical_advice(biopsies):
    for write in (card.markdown, card.html):
        assert "Not medical advice" in write(page(biopsies))


@pytest.mark.parametrize("write", [card.markdown, card.html])
def test_every_card_says_what_it_predicts_data_licence_metrics_and_versions(outcome, write):
    text = write(page(outcome))
    metrics = judge(outcome).metrics

    assert outcome.about.predicts.split(",")[0] in text
    assert outcome.data.fingerprint in text
    assert f"{metrics['test_roc_auc']:.4f}" in text
    assert f"{metrics['train_brier']:.4f}" in text
    assert "scikit-learn" in text
    assert "2026-01-02T03:04:05" in text


def test_the_metrics_of_the_recipe_itself_are_on_the_card(biopsies):
    assert "| cv_roc_auc_mean | 0.9922 |" in card.markdown(page(biopsies))


def test_the_card_says_which_line_of_the_gate_failed(phrases):
    text = card.markdown(page(replace(phrases, gate=Gate(floors={"test_f1": 2}))))

    assert "| failed |" in text
    assert "should be at least 2 |" in text


def test_the_card_says_where_a_constant_answer_has_the_better_brier_score(phrases, biopsies):
    assert "By Brier score the model is worse than a constant" in card.markdown(page(phrases))
    assert "worse than a constant" not in card.markdown(page(biopsies))


def test_a_file_name_is_no_markup(phrases):
    named = replace(phrases, data=phrases.data.model_copy(update={"source": "<b>|.csv"}))

    assert "<b>" not in card.html(page(named))
    assert "<b>\\|.csv |" in card.markdown(page(named))
