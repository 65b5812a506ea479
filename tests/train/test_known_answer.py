"""What Li, Mickel and Taylor (2018) print of their case file must come out of it here as well."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from train.part import whole
from train.study import confusion

BESIDE = Path(__file__).parents[3] / "shared" / "data" / "SBAcase.csv"
FILE = Path(os.environ.get("TABENTO_SBA_CASE_FILE", BESIDE))
COLUMNS = ["RealEstate", "Portion", "Recession"]

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason="TABENTO_SBA_CASE_FILE does not name the case file"
)


@pytest.fixture(scope="module")
def case():
    """The model of the paper: no penalty, no interaction, half of the rows."""
    table = pd.read_csv(FILE)
    learned, asked = (table[table["Selected"] == each] for each in (1, 0))
    model = LogisticRegression(C=np.inf, max_iter=1_000).fit(learned[COLUMNS], learned["Default"])
    positive = asked["Default"].to_numpy() == 1
    return model, whole([None] * len(asked), positive), model.predict_proba(asked[COLUMNS])[:, 1]


def test_the_case_file_gives_the_confusion_matrix_of_the_paper(case):
    _, part, scores = case
    found = confusion(part, scores, 0.5)

    assert round(found.false_negative * len(part)) == 324
    assert round(found.false_positive * len(part)) == 14
    assert round(100 * (found.false_negative + found.false_positive), 2) == 32.16


def test_the_coefficients_are_near_those_of_the_paper(case):
    model, _, _ = case

    assert [model.intercept_[0], *model.coef_[0]] == pytest.approx(
        [1.3931, -2.1282, -2.9875, 0.5041], abs=0.02
    )
