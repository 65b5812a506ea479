import numpy as np
import pytest

from models import loan_default as contract
from train.leak_demo import demonstrate
from train.leaks import Guard, LeakError, alone, transposed
from train.loan_leaks import BANNED, GUARD
from train.part import whole
from train.recipe import Order

N = 2_000


@pytest.fixture
def part():
    return whole([None] * N, np.arange(N) % 5 == 0)


def noise(seed=0):
    return np.random.default_rng(seed).random(N).tolist()


def test_a_column_that_knows_the_outcome_is_refused_by_name(part):
    """One row in ten is wrong: it need not know everything to be a leak."""
    wrong = np.arange(N) % 10 == 7
    telling = (part.positive ^ wrong).astype(float).tolist()

    with pytest.raises(LeakError, match=r"the column telling alone reaches a ROC-AUC of 0\.9"):
        Guard().check({"noise": noise(), "telling": telling}, part, seed=1)


def test_a_category_that_knows_the_outcome_is_refused(part):
    telling = ["lost" if each else "paid" for each in part.positive]

    with pytest.raises(LeakError, match="telling"):
        Guard().check({"telling": telling}, part, seed=1)


def test_a_column_may_tell_in_a_way_that_is_neither_up_nor_down(part):
    """A term that is no whole number of years: every twelfth value is of one outcome."""
    months = np.where(part.positive, 12 * (np.arange(N) % 20) + 7, 12 * (np.arange(N) % 20))

    with pytest.raises(LeakError):
        Guard().check({"months": months.tolist()}, part, seed=1)


def test_chance_is_no_leak_however_many_levels_a_column_has(part):
    """In the rows it was learned from, a name of its own for each row tells everything."""
    names = [f"borrower {number}" for number in range(N)]
    found = Guard().check({"noise": noise(), "name": names}, part, seed=1)

    assert max(found.values()) < 0.6


@pytest.mark.parametrize("name", ["Term", "ChgOffPrinGr", "MIS_Status", "DisbursementGross"])
def test_a_banned_column_is_refused_whatever_it_holds_and_the_reason_is_given(part, name):
    with pytest.raises(LeakError) as refused:
        GUARD.check({name: noise()}, part, seed=1)

    assert BANNED[name] in str(refused.value)


def test_no_field_of_the_contract_is_banned():
    assert not BANNED.keys() & {*contract.LoanApplication.model_fields, *contract.FEATURES}


def test_no_column_of_any_model_reaches_its_limit(outcome):
    assert outcome.alone
    assert max(outcome.alone.values()) < 0.99


def test_no_field_of_the_made_up_loans_comes_near_the_limit(made_up_loans):
    assert max(made_up_loans.alone.values()) < 0.75


def test_the_best_column_comes_first(part):
    better = (part.positive * 0.3 + np.array(noise())).tolist()

    assert next(iter(alone({"noise": noise(1), "better": better}, part, seed=1))) == "better"


def test_rows_become_columns():
    assert transposed(["a", "b"], [[1, "x"], [2, "y"]]) == {"a": (1, 2), "b": ("x", "y")}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_demonstration_shows_the_leak_and_saves_nothing(store, monkeypatch):
    monkeypatch.setattr("train.leak_demo.FIXED", 20)
    single, scores = demonstrate(Order())

    assert next(iter(single.columns[0].cells)) == "Term"
    assert next(iter(single.columns[2].cells)) == "leak"
    honest, tempted = (float(str(next(iter(scores.columns[at].cells)))) for at in (1, 2))
    assert tempted > honest + 0.1
    assert not list(store.iterdir())
