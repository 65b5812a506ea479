import csv

import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore

from train import breast_cancer, loan_default, loan_model, sentiment, synthetic_loans
from train.recipe import Order

AGES = {"existing": "1", "new": "2", "unknown": "0"}
AREAS = {"urban": "1", "rural": "2", "unknown": "0"}
ANSWERS = {"yes": "Y", "no": "N", "unknown": ""}


def no_progress(_stage, _done):
    pass


@pytest.fixture
def store(tmp_path):
    """An empty model store, for this test alone."""
    folder = tmp_path / "models"
    folder.mkdir()
    BentoMLContainer.model_store.set(ModelStore(folder))
    yield folder
    BentoMLContainer.model_store.reset()


@pytest.fixture
def short(monkeypatch):
    """Fewer trees: enough to learn something, too few to wait for."""
    monkeypatch.setattr(loan_model, "ITERATIONS", 100)


@pytest.fixture(scope="session")
def biopsies():
    return breast_cancer.train(Order(), no_progress)


@pytest.fixture(scope="session")
def phrases():
    return sentiment.train(Order(), no_progress)


@pytest.fixture(scope="session")
def made_up_loans():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loan_model, "ITERATIONS", 100)
        return loan_default.train(Order(), no_progress)


@pytest.fixture(params=["biopsies", "phrases", "made_up_loans"])
def outcome(request):
    """Each model in turn, trained on what the project brings along."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def sba_file(tmp_path_factory):
    """A class-balanced file in the national file's own format; seven of its rows are of no use."""
    loans = synthetic_loans.generate(9_000, seed=1)
    lost = [index for index, outcome in enumerate(loans.charged_off) if outcome][:1_200]
    paid = [index for index, outcome in enumerate(loans.charged_off) if not outcome][:1_200]
    lines = [_line(loans.rows[index], "CHGOFF") for index in lost]
    lines += [_line(loans.rows[index], "P I F") for index in paid]
    lines += [_line(loans.rows[0], "")] * 5 + [
        _line(loans.rows[0], "P I F") | {"CreateJob": "8800"}
    ] * 2
    path = tmp_path_factory.mktemp("sba") / "loans.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


def _line(row, status):
    return {
        "Name": "JANE DOE BAKERY",
        "State": row.state,
        "BankState": "" if row.lender_state == "unknown" else row.lender_state,
        "NAICS": "0" if row.naics_sector == "unknown" else f"{row.naics_sector}1110",
        "ApprovalDate": "28-Feb-97",
        "ApprovalFY": "1997",
        "Term": "84",
        "NoEmp": str(row.employees),
        "NewExist": AGES[row.business_age],
        "CreateJob": str(row.jobs_created),
        "RetainedJob": str(row.jobs_retained),
        "FranchiseCode": "10528" if row.is_franchise else "1",
        "UrbanRural": AREAS[row.area],
        "RevLineCr": ANSWERS[row.revolving_credit],
        "LowDoc": ANSWERS[row.low_doc],
        "MIS_Status": status,
        "GrAppv": f"${row.gross_approval_usd:,.2f} ",
        "SBA_Appv": f"${row.sba_guaranteed_usd:,.2f} ",
    }
