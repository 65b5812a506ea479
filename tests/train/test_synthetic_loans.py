from collections import Counter

import numpy as np
import pytest
from catboost import CatBoostClassifier, Pool
from sklearn.metrics import roc_auc_score
from sklearn.tree import DecisionTreeClassifier

from models.loan_default import CATEGORICAL, FEATURES, features
from train import synthetic_loans
from train.split import by_year, random_split

PUBLISHED: dict[
    str, dict[object, tuple[float, float]]
] = {  # per cent of the loans, per cent of these charged off
    "business_age": {"existing": (72, 17), "new": (28, 19)},
    "is_franchise": {True: (5.6, 15.6), False: (94.4, 17.7)},
    "area": {"urban": (52, 24), "rural": (12, 19), "unknown": (36, 7)},
    "revolving_credit": {"yes": (22, 25), "no": (47, 15), "unknown": (31, 16)},
    "low_doc": {"yes": (12, 9), "no": (87, 19)},
    "state": {"CA": (15, 18.6), "FL": (4.9, 25.9), "GA": (2.5, 25.7), "ND": (0.6, 5.3)},
    "naics_sector": {"62": (6.7, 10), "unknown": (21, 8.5)},
}
MEDIANS = {"gross_approval_usd": 85_000, "employees": 4, "jobs_created": 0, "jobs_retained": 1}


@pytest.fixture(scope="module")
def loans():
    return synthetic_loans.generate()


@pytest.fixture(scope="module")
def columns(loans):
    return np.array(features(loans.rows), dtype=object)


def test_the_same_seed_draws_the_same_loans():
    first, second = (synthetic_loans.generate(500, seed=7) for _ in range(2))

    assert (first.rows, first.fingerprint) == (second.rows, second.fingerprint)
    assert first.charged_off.tolist() == second.charged_off.tolist()
    assert first.approved.tolist() == second.approved.tolist()


def test_another_seed_draws_other_loans():
    fingerprints = {synthetic_loans.generate(500, seed=seed).fingerprint for seed in range(3)}

    assert len(fingerprints) == 3


@pytest.mark.parametrize("n", [1, 2, 50, 1_000])
def test_few_loans_can_be_drawn_as_well(n):
    loans = synthetic_loans.generate(n)

    assert len(loans.rows) == len(loans.charged_off) == len(loans.approved) == n


def test_what_is_drawn_says_that_it_is_synthetic(loans):
    assert loans.synthetic
    assert (loans.source, loans.dropped) == ("synthetic loans, seed 42", {})


def test_as_many_loans_are_charged_off_as_in_the_national_file(loans):
    assert loans.charged_off.mean() == pytest.approx(0.176, abs=0.01)


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, table in PUBLISHED.items() for value in table]
)
def test_shares_and_rates_are_near_the_published(loans, field, value):
    share, rate = PUBLISHED[field][value]
    here = np.array([getattr(row, field) == value for row in loans.rows])

    assert 100 * here.mean() == pytest.approx(share, abs=3)
    assert 100 * loans.charged_off[here].mean() == pytest.approx(rate, abs=3 + 100 / here.sum())


@pytest.mark.parametrize(("same", "rate"), [("yes", 10.7), ("no", 25.3)])
def test_a_lender_from_elsewhere_goes_with_more_defaults(loans, columns, same, rate):
    here = columns[:, FEATURES.index("same_state")] == same

    assert 100 * loans.charged_off[here].mean() == pytest.approx(rate, abs=1.5)


@pytest.mark.parametrize(
    ("year", "rate"), [(1995, 3), (2000, 11), (2004, 18), (2006, 34), (2007, 43), (2008, 39)]
)
def test_the_vintages_go_bad_towards_2007(loans, year, rate):
    here = loans.fiscal_year == year

    assert 100 * loans.charged_off[here].mean() == pytest.approx(rate, abs=5)


def test_the_modes_of_the_guarantee_are_the_published(loans):
    shares = Counter(
        round(row.sba_guaranteed_usd / row.gross_approval_usd, 2) for row in loans.rows
    )

    assert shares[0.5] / len(loans.rows) == pytest.approx(0.37, abs=0.02)
    assert {share for share, _ in shares.most_common(6)} == {0.5, 0.75, 0.8, 0.85, 0.9, 1.0}


@pytest.mark.parametrize("field", MEDIANS)
def test_medians_are_near_the_published(loans, field):
    values = [getattr(row, field) for row in loans.rows]

    assert np.median(values) == pytest.approx(MEDIANS[field], rel=0.1)


def test_a_loan_is_approved_in_its_fiscal_year(loans):
    month = loans.approved.astype("datetime64[M]").astype(int) % 12 + 1
    year = loans.approved.astype("datetime64[Y]").astype(int) + 1970

    assert ((year + (month >= 10)) == loans.fiscal_year).all()
    assert set(loans.fiscal_year) == set(range(1990, 2011))


@pytest.mark.parametrize("name", FEATURES)
def test_no_field_alone_gives_the_outcome_away(loans, columns, name):
    split = random_split(len(columns), 42, (0.5, 0.0, 0.5), loans.charged_off)
    column, outcome = columns[:, FEATURES.index(name)], loans.charged_off
    if name in CATEGORICAL:
        learned = {
            value: outcome[split.train][column[split.train] == value].mean()
            for value in set(column[split.train])
        }
        score = [learned.get(value, 0.176) for value in column[split.test]]
    else:
        number = column.astype(float)[:, None]
        tree = DecisionTreeClassifier(max_leaf_nodes=32, min_samples_leaf=50, random_state=0)
        score = tree.fit(number[split.train], outcome[split.train]).predict_proba(
            number[split.test]
        )[:, 1]

    assert roc_auc_score(outcome[split.test], score) < 0.75


def auc(loans, split):
    """Of a small CatBoost on the rows held out."""
    rows, outcome = features(loans.rows), loans.charged_off.astype(int)
    categorical = [FEATURES.index(name) for name in CATEGORICAL]
    model = CatBoostClassifier(
        iterations=150, learning_rate=0.1, depth=6, random_seed=42, thread_count=2,
        verbose=False, allow_writing_files=False,
    )  # fmt: skip
    train = [rows[i] for i in split.train]
    model.fit(Pool(train, outcome[split.train], cat_features=categorical))
    test = Pool([rows[i] for i in split.test], cat_features=categorical)
    return roc_auc_score(outcome[split.test], model.predict_proba(test)[:, 1])


def test_a_model_learns_from_all_fields_what_no_field_says_alone(loans):
    assert 0.70 < auc(loans, random_split(len(loans.rows), 42, stratify=loans.charged_off)) < 0.85


def test_a_model_is_worse_on_years_it_has_not_seen(loans):
    """As on the real file: the level shifts, and random splits hide it."""
    random = auc(loans, random_split(len(loans.rows), 42, stratify=loans.charged_off))
    later = auc(
        loans, by_year(loans.fiscal_year, train_to=2003, validation=2004, test=(2005, 2006))
    )

    assert later < random - 0.03
