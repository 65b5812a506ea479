import json

import numpy as np
import pytest

from models import breast_cancer, loan_default, sentiment
from models.sentiment import Review
from train.evaluate import scores
from train.part import whole
from train.reference import reference

LOAN = loan_default.EXAMPLE[0]


def part(rows, weights=None):
    return whole(rows, np.zeros(len(rows), dtype=bool), weights)


def written(row, trained, held_out=None, found=None):
    held_out = held_out or trained
    found = np.linspace(0, 1, len(held_out)) if found is None else found
    return json.loads(reference(row, trained, held_out, found, "score"))


def loans(**values):
    ((name, column),) = values.items()
    rows = [LOAN.model_copy(update={name: value}) for value in column]
    return written(loan_default.ROW, part(rows))["fields"][name]


def test_a_number_has_its_deciles():
    field = loans(employees=range(100))

    assert field["edges"] == list(range(9, 99, 10))
    assert field["shares"] == pytest.approx([0.09, *[0.1] * 8, 0.11])


def test_a_value_shared_by_many_rows_makes_one_bin_and_no_bin_is_empty():
    field = loans(jobs_created=[0] * 60 + [1] * 25 + [7] * 15)

    assert field == {"kind": "number", "edges": [1, 7], "shares": [0.6, 0.25, 0.15]}


def test_a_number_that_never_changes_has_one_bin():
    assert loans(employees=[3] * 10) == {"kind": "number", "edges": [], "shares": [1]}


def test_a_category_has_the_share_of_each_word():
    assert loans(state=["FL", "CA", "CA", "CA"])["shares"] == {"CA": 0.75, "FL": 0.25}
    assert loans(is_franchise=[True, False])["shares"] == {"false": 0.5, "true": 0.5}


def test_a_text_is_binned_by_its_length():
    rows = [Review(text="x" * length) for length in range(1, 101)]

    field = written(sentiment.ROW, part(rows))["fields"]["text"]

    assert field["kind"] == "text"
    assert field["edges"] == list(range(10, 100, 10))


def test_weights_count():
    rows = [LOAN.model_copy(update={"state": state}) for state in ("FL", "CA")]
    document = written(loan_default.ROW, part(rows, np.array([1.0, 3.0])))

    assert document["fields"]["state"]["shares"] == {"CA": 0.75, "FL": 0.25}


def test_scores_have_deciles_and_a_mean_for_each():
    found = np.arange(1, 101) / 100
    score = written(sentiment.ROW, part([Review(text="x")] * 100), found=found)["score"]

    assert score["field"] == "score"
    assert len(score["edges"]) == 9
    assert np.dot(score["shares"], score["means"]) == pytest.approx(found.mean())


def test_scores_are_of_the_rows_held_out(biopsies):
    trained, held_out = biopsies.parts["train"], biopsies.parts["test"]
    found = scores(biopsies.runner, biopsies.score, held_out)
    document = written(breast_cancer.ROW, trained, held_out, found)

    assert (document["rows"], document["score_rows"]) == (455, 114)
    assert document["fields"].keys() == breast_cancer.ROW.model_fields.keys()


def test_all_shares_sum_to_one(outcome):
    document = written(outcome.runner.contract.ROW, outcome.parts["train"])
    fields = [field["shares"] for field in document["fields"].values()]
    sums = [sum(each.values()) if isinstance(each, dict) else sum(each) for each in fields]

    assert sums == pytest.approx([1] * len(sums))
