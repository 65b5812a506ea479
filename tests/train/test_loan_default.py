from dataclasses import replace

import numpy as np
import pytest

from models.loan_default import CATEGORICAL, EXAMPLE, FEATURES, features
from serving.estimator import CatBoostEstimator
from train import loan_default, loan_model
from train.evaluate import judge, scores
from train.part import whole
from train.recipe import Order
from train.source import SourceError

WEIGHTS = (74.020, 15.764)
TENFOLD = (740.20, 157.64)


@pytest.fixture(scope="module")
def balanced(sba_file):
    """The same file, trained on as it is and weighted back to the population."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loan_model, "ITERATIONS", 40)
        return {
            weights: loan_default.train(
                Order(data=sba_file, class_weights=weights), lambda *_: None
            )
            for weights in (None, WEIGHTS, TENFOLD)
        }


def test_made_up_loans_pass_their_gate_and_are_called_synthetic(made_up_loans):
    assert judge(made_up_loans).failures == []
    assert made_up_loans.data.synthetic
    assert "synthetic" in made_up_loans.data.source


def test_the_parts_are_70_10_and_20_per_cent(made_up_loans):
    assert made_up_loans.data.rows == {"train": 14_000, "validation": 2_000, "test": 4_000}


def test_the_columns_have_their_names_and_the_categories_are_native(made_up_loans):
    model = made_up_loans.runner.estimator.model
    native = [model.feature_names_[index] for index in model.get_cat_feature_indices()]

    assert tuple(model.feature_names_) == FEATURES
    assert tuple(native) == CATEGORICAL


def test_a_stored_model_comes_back_with_the_same_bits(made_up_loans, tmp_path):
    estimator = made_up_loans.runner.estimator
    rows = features(made_up_loans.parts["test"].rows)
    estimator.save(tmp_path)

    found = CatBoostEstimator.load(tmp_path).predict_proba(rows)

    assert np.array_equal(estimator.predict_proba(rows), found)


def test_the_national_file_is_read_and_what_is_dropped_is_recorded(balanced, sba_file):
    data = balanced[None].data

    assert data.source == sba_file.name
    assert sum(data.rows.values()) == 2_400
    assert sorted(data.dropped.values()) == [2, 5]
    assert not data.synthetic


def test_class_weights_bring_the_scores_down_to_the_level_of_the_population(balanced):
    plain, weighted = (judge(balanced[key]).metrics for key in (None, WEIGHTS))

    assert plain["test_base_rate"] == pytest.approx(0.5, abs=0.01)
    assert plain["test_mean_score"] == pytest.approx(0.5, abs=0.05)
    assert weighted["test_base_rate"] == pytest.approx(0.1756, abs=0.001)
    assert weighted["test_mean_score"] < 0.3


def test_only_the_ratio_of_the_class_weights_counts(balanced):
    plain, tenfold = (balanced[key] for key in (WEIGHTS, TENFOLD))

    assert np.allclose(
        scores(plain.runner, plain.score, plain.parts["test"]),
        scores(tenfold.runner, tenfold.score, plain.parts["test"]),
        atol=1e-6,
    )


def test_class_weights_are_told_in_the_source(balanced):
    assert "74.02" in balanced[WEIGHTS].data.source
    assert "15.764" in balanced[WEIGHTS].data.source


def test_a_class_balanced_file_without_weights_gets_a_hint(balanced, made_up_loans):
    hints = [
        [note for note in outcome.notes if "--class-weights" in note]
        for outcome in (balanced[None], balanced[WEIGHTS], made_up_loans)
    ]

    assert [len(each) for each in hints] == [1, 0, 0]


def test_the_threshold_is_where_lending_stops_to_pay(made_up_loans):
    threshold = made_up_loans.runner.policy.threshold
    gain = (1 - threshold) - loan_default.COSTS.false_negative * threshold

    assert gain == pytest.approx(0)


def test_the_training_range_is_of_every_number_and_of_nothing_else(made_up_loans):
    expected = {
        "gross_approval_usd", "sba_guaranteed_usd", "employees", "jobs_created", "jobs_retained"
    }  # fmt: skip

    assert set(made_up_loans.runner.policy.training_range) == expected


def test_the_training_range_leaves_out_one_row_in_a_thousand_at_each_end():
    rows = [EXAMPLE[0].model_copy(update={"employees": n}) for n in range(1, 10_001)]
    part = whole(rows, np.ones(10_000, dtype=bool))

    assert loan_default.training_range(part)["employees"] == (10, 9_990)


def test_the_training_range_counts_a_row_as_often_as_it_weighs():
    """A thousandth of the population may be one row in two."""
    rows = [EXAMPLE[0].model_copy(update={"employees": n}) for n in (1, 2)]
    part = whole(rows, np.ones(2, dtype=bool), np.array([1.0, 1_999.0]))

    assert loan_default.training_range(part)["employees"] == (2, 2)


def test_a_row_outside_the_training_range_gets_a_warning(made_up_loans):
    _, high = made_up_loans.runner.policy.training_range["employees"]
    usual, rare = (
        EXAMPLE[0].model_copy(update={"employees": n}) for n in (int(high), int(high) + 1)
    )

    answers = made_up_loans.runner.predict([usual, rare])

    assert [answer.warnings for answer in answers] == [[], ["out_of_training_range: employees"]]


def test_a_score_too_good_to_be_true_is_refused(made_up_loans):
    """Nothing honest reaches 0.9 here: such a score has found a column that knows the outcome."""
    outcome = replace(made_up_loans, extra={"test_roc_auc": 0.95})

    assert judge(outcome).failures == ["test_roc_auc is 0.9500, should be at most 0.9"]


def test_a_file_with_one_outcome_only_is_refused(sba_file, tmp_path):
    head = sba_file.read_text().splitlines()[:200]
    path = tmp_path / "lost.csv"
    path.write_text("\n".join(head))

    with pytest.raises(SourceError, match="199 positive and 0 negative rows"):
        loan_default.train(Order(data=path), lambda *_: None)
