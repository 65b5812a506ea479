import numpy as np
import pytest

from models.loan_default import EXAMPLE
from train.part import whole
from train.source import SourceError
from train.validate import validate


def loans(n=200, **update):
    rows = [
        EXAMPLE[0].model_copy(update={"gross_approval_usd": 50_000.0 + number, **update})
        for number in range(n)
    ]
    return whole(rows, np.arange(n) % 4 == 0)


def test_what_is_read_is_what_is_kept_and_what_is_dropped():
    report = validate(loans(), {"state: not a known code": 3, "employees: missing": 2}, "x.csv")

    assert (report.read, report.kept, report.positive) == (205, 200, 0.25)


def test_a_file_that_is_mostly_of_no_use_is_refused_with_the_reasons():
    with pytest.raises(SourceError, match=r"201 of 401 rows are of no use: 201 state"):
        validate(loans(), {"state: not a known code": 201}, "x.csv")


def test_a_file_of_one_outcome_is_refused():
    part = whole(loans().rows, np.zeros(200, dtype=bool))

    with pytest.raises(SourceError, match="0 positive and 200 negative"):
        validate(part, {}, "x.csv")


def test_numbers_have_a_range_and_categories_levels():
    fields = {field.name: field for field in validate(loans(), {}, "x.csv").fields}
    gross, state = fields["gross_approval_usd"], fields["state"]

    assert (gross.least, gross.median, gross.most) == (50_000, 50_099.5, 50_199)
    assert (state.levels, state.kind) == (1, "category")


def test_what_a_reader_should_mind_is_said():
    remarks = validate(loans(area="unknown"), {}, "x.csv").remarks

    assert "area is unknown in 100% of the rows" in remarks
    assert "state is the same in every row" in remarks


def test_rows_that_come_again_are_counted():
    part = loans()
    twice = whole([*part.rows, *part.rows[:10]], np.append(part.positive, part.positive[:10]))

    assert validate(twice, {}, "x.csv").duplicates == 10
    assert validate(part, {}, "x.csv").duplicates == 0


def test_the_same_fields_with_another_outcome_are_no_duplicate():
    part = loans()
    twice = whole([*part.rows, *part.rows[:10]], np.append(part.positive, ~part.positive[:10]))

    assert validate(twice, {}, "x.csv").duplicates == 0
