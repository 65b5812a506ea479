from datetime import UTC, datetime

import numpy as np
import pytest

from train import card
from train.evaluate import judge, scores
from train.importance import importance
from train.part import whole
from train.picture import by_year, pictures

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def drawn(outcome):
    verdict = judge(outcome)
    found = scores(outcome.runner, outcome.score, outcome.parts["test"])
    return outcome, verdict, pictures(outcome, verdict, found)


def test_every_card_has_its_pictures_and_is_small_enough_to_mail(drawn):
    outcome, verdict, found = drawn
    page = card.html(card.of(outcome, verdict, STARTED, found))

    assert page.count("<img ") == len(found) >= 4
    assert len(page.encode()) < 500_000
    assert "<script" not in page
    assert 'src="data:image/svg+xml;base64,' in page


def test_the_same_model_is_drawn_in_the_same_bytes(drawn):
    outcome, verdict, found = drawn
    held_out = scores(outcome.runner, outcome.score, outcome.parts["test"])

    assert [each.svg for each in pictures(outcome, verdict, held_out)] == [
        each.svg for each in found
    ]


def test_what_the_model_does_not_look_at_has_no_importance(biopsies):
    """All thirty numbers are there; shuffling the best costs more than shuffling the worst."""
    found = importance(biopsies)

    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert next(iter(found.values())) > 0


def test_where_there_is_one_field_none_is_more_important(phrases):
    assert importance(phrases) == {}


def test_a_year_of_few_loans_is_left_out():
    years = np.array([2001] * 40 + [2002] * 5)
    part = whole([None] * 45, np.arange(45) % 2 == 0, None, years)

    found, rates, means = by_year(part, np.full(45, 0.3))

    assert found == [2001]
    assert rates == [0.5]
    assert means == pytest.approx([0.3])
