import json

import pytest

from benchmarks.judge import Judge, same
from benchmarks.peer import PEERS, TABENTO
from benchmarks.questions import Questions

SINGLE = Questions("sentiment", "single")
ANSWERS = [[{"label": "positive", "p": 0.1 * number}] for number in range(SINGLE.count)]
JUDGE = Judge({"sentiment": {"single": ANSWERS}}, {})


@pytest.mark.parametrize(
    ("expected", "found", "right"),
    [
        (0.5, 0.5 + 1e-12, True),
        (0.5, 0.5 + 1e-6, False),
        (1.0, 1, True),
        ("a", "b", False),
        ([1.0], [1.0, 1.0], False),
        ({"a": 1.0}, {"a": 1.0, "b": 2}, False),
        ({"a": [{"b": 1.0}]}, {"a": [{"b": 1.0}]}, True),
    ],
)
def test_numbers_may_round_differently_and_nothing_else(expected, found, right):
    assert same(expected, found) is right


def test_an_answer_is_compared_with_that_of_its_own_request():
    answer = json.dumps({"predictions": ANSWERS[3]})

    assert JUDGE.right(TABENTO, SINGLE, 3 + SINGLE.count, answer)
    assert not JUDGE.right(TABENTO, SINGLE, 4, answer)


@pytest.mark.parametrize("answer", ["", "[]", "{}", "null", '{"predictions": null}'])
def test_an_answer_of_another_form_is_wrong(answer):
    assert not JUDGE.right(TABENTO, SINGLE, 0, answer)


def test_a_limit_is_not_judged():
    limit = next(peer for peer in PEERS if peer.limit)

    assert JUDGE.right(limit, SINGLE, 0, "anything")
