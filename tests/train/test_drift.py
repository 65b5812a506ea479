import numpy as np
import pytest

from serving.artifact import Artifact
from train import drift
from train.challenge import Champion
from train.evaluate import scores
from train.part import whole
from train.reference import reference


@pytest.fixture
def champion(made_up_loans):
    """The loans' model, with a reference of the rows that it has learned."""
    found = scores(made_up_loans.runner, made_up_loans.score, made_up_loans.parts["test"])
    frozen = reference(made_up_loans, found)
    artifact = object.__new__(Artifact)
    object.__setattr__(artifact, "runner", made_up_loans.runner)
    object.__setattr__(artifact, "reference", frozen)
    return Champion("loan_default:x", synthetic=True, learned=b"", artifact=artifact)


def test_rows_like_those_learned_have_not_moved(champion, made_up_loans):
    found = drift.drift(champion, made_up_loans.parts["test"], seed=1)

    assert found is not None
    assert found.verdict == "ok"


def test_a_field_that_moved_is_named(champion, made_up_loans):
    part = made_up_loans.parts["test"]
    rows = [row.model_copy(update={"state": "WY"}) for row in part.rows]
    found = drift.drift(champion, whole(rows, part.positive), seed=1)

    assert found is not None
    assert found.features["state"].verdict == "major"


def test_rows_count_as_often_as_they_weigh(champion, made_up_loans):
    """A class-balanced file holds too many charged-off loans; its weights put that right."""
    part = made_up_loans.parts["test"]
    lost, paid = np.flatnonzero(part.positive), np.flatnonzero(~part.positive)
    rows = np.concatenate([lost, paid[: len(lost)]])
    weights = np.where(part.positive[rows], 1.0, len(paid) / len(lost))
    balanced = part.take(rows)

    plain = drift.drift(champion, balanced, seed=1)
    weighted = drift.drift(champion, whole(balanced.rows, balanced.positive, weights), seed=1)

    assert plain is not None
    assert weighted is not None
    assert weighted.score.psi < plain.score.psi / 3


def test_without_a_model_to_ask_there_is_no_report(made_up_loans):
    nobody = Champion("loan_default:x", synthetic=True, learned=b"")

    assert drift.drift(nobody, made_up_loans.parts["test"], seed=1) is None
