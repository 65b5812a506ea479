import os
from pathlib import Path

import numpy as np
import pytest

from train import loan_default, loan_model, synthetic_loans
from train.evaluate import judge
from train.loan_studies import OUT_OF_TIME, out_of_time
from train.part import whole
from train.recipe import Order
from train.study import DUMMY, LOGISTIC, MODEL, Study

BESIDE = Path(__file__).parents[3] / "shared" / "data" / "SBAnational_sample.csv.gz"
FILE = Path(os.environ.get("TABENTO_SBA_FILE", BESIDE))


@pytest.fixture(scope="module")
def loans():
    made_up = synthetic_loans.generate(6_000, seed=3)
    return whole(made_up.rows, made_up.charged_off, None, made_up.fiscal_year)


def answer(parts, split, name):
    asked = parts["test"]
    rows = {part: len(each) for part, each in parts.items()}
    return Study(name, split.fingerprint, rows, asked, {MODEL: np.zeros(len(asked))})


def test_no_loan_asked_about_is_older_than_one_that_was_learned(loans):
    def check(parts, split, name):
        assert parts["train"].years.max() < parts["validation"].years.min()
        assert parts["validation"].years.max() < parts["test"].years.min()
        return answer(parts, split, name)

    studies, notes = out_of_time(loans, check)

    assert [study.split for study in studies] == [years.name for years in OUT_OF_TIME]
    assert notes == ()


def test_years_that_a_file_does_not_have_are_said_and_not_invented(loans):
    early = loans.take(np.flatnonzero(loans.years < 2005))
    studies, notes = out_of_time(early, answer)

    assert studies == ()
    assert len(notes) == len(OUT_OF_TIME)


def test_loans_without_years_are_not_split_by_them(loans):
    assert out_of_time(whole(loans.rows, loans.positive), answer)[0] == ()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not FILE.exists(), reason="TABENTO_SBA_FILE does not name a national file")
def test_on_real_loans_all_three_splits_are_measured_and_later_years_are_harder(monkeypatch):
    monkeypatch.setattr(loan_model, "ITERATIONS", 200)
    order = Order(data=FILE, class_weights=(74.020, 15.764))
    verdict = judge(loan_default.train(order, lambda *_: None))
    random, *later = verdict.findings
    auc = {found.split: found.metrics[MODEL]["roc_auc"].value for found in verdict.findings}

    assert len(later) == 2
    assert all(set(found.metrics) == {MODEL, DUMMY, LOGISTIC} for found in verdict.findings)
    assert auc[random.split] > 0.75
    assert all(0.65 < auc[found.split] < auc[random.split] - 0.05 for found in later)
    assert verdict.failures == []
