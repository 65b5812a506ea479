from models import breast_cancer, loan_default, sentiment
from train.fields import kinds


def test_measurements_are_numbers():
    assert set(kinds(breast_cancer.ROW).values()) == {"number"}


def test_a_text_is_a_text():
    assert kinds(sentiment.ROW) == {"text": "text"}


def test_lists_of_words_and_yes_or_no_are_categories():
    found = kinds(loan_default.ROW)
    numbers = {name for name, kind in found.items() if kind == "number"}

    assert found.keys() - numbers == {
        "business_age", "is_franchise", "area", "revolving_credit", "low_doc", "state",
        "naics_sector", "lender_state",
    }  # fmt: skip
    assert {found[name] for name in found.keys() - numbers} == {"category"}
