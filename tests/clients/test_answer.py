import json

import pytest

from clients.answer import Checker, RefusedError, WrongAnswerError, same
from clients.request import BadRequest, requests
from models import breast_cancer

ERROR = {
    "error": "rows.0.state: Field required",
    "code": "invalid_request",
    "request_id": "r",
    "detail": [{"loc": ["rows", 0, "state"], "msg": "Field required", "type": "missing"}],
}


@pytest.fixture
def request_():
    """Four rows, two of them known."""
    return next(requests(breast_cancer, [4]))


@pytest.fixture
def said():
    """An answer to it, with another probability for each row."""
    shares = [0.1, 0.2, 0.3, 0.9]
    return {
        "model": "breast_cancer",
        "version": "v1",
        "request_id": "r",
        "predictions": [
            {
                "malignant_probability": share,
                "benign_probability": 1 - share,
                "label": "malignant" if share >= 0.5 else "benign",
            }
            for share in shares
        ],
    }


def check(request, said, *, checker=None, status=200):
    return (checker or Checker()).check(request, status, json.dumps(said).encode())


def test_a_right_answer_is_right(request_, said):
    assert check(request_, said).version == "v1"


@pytest.mark.parametrize(
    "change",
    [
        {"predictions": []},
        {"model": "another"},
        {"version": None},
        {"more": 1},
        {
            "predictions": [
                {"malignant_probability": 1.3, "benign_probability": 0, "label": "benign"}
            ]
        },
        {"predictions": [{"malignant_probability": float("nan"), "label": "benign"}]},
    ],
)
def test_an_answer_of_status_200_may_be_wrong(request_, said, change):
    """Too few, of another model, of another shape, out of bounds: all of it counts."""
    with pytest.raises(WrongAnswerError):
        check(request_, said | change)


def test_an_answer_that_is_no_json_is_wrong(request_):
    with pytest.raises(WrongAnswerError):
        Checker().check(request_, 200, b"<html>")


def test_predictions_in_another_order_are_wrong(request_, said):
    """Known rows have the answer that they had the first time."""
    checker = Checker()
    check(request_, said, checker=checker)
    said["predictions"].reverse()

    with pytest.raises(WrongAnswerError, match=r"EXAMPLE\[\d\] was given another answer"):
        check(request_, said, checker=checker)


def test_a_known_row_has_the_same_answer_in_every_request(said):
    """Alone and among others."""
    alone = next(each for each in requests(breast_cancer, [1] * 64) if each.known)
    checker = Checker()
    check(alone, said | {"predictions": said["predictions"][:1]}, checker=checker)

    with pytest.raises(WrongAnswerError):
        check(alone, said | {"predictions": said["predictions"][1:2]}, checker=checker)


def test_another_version_may_answer_otherwise(request_, said):
    """A roll-out during a test is not a fault."""
    checker = Checker()
    check(request_, said, checker=checker)
    said["predictions"].reverse()

    assert check(request_, said | {"version": "v2"}, checker=checker)


def test_a_checker_forgets_when_told(request_, said):
    checker = Checker()
    check(request_, said, checker=checker)
    said["predictions"].reverse()
    checker.forget()

    assert check(request_, said, checker=checker)


@pytest.mark.parametrize("status", [429, 503, 504])
def test_too_busy_is_a_refusal(request_, said, status):
    with pytest.raises(RefusedError, match=str(status)):
        check(request_, said, status=status)


@pytest.mark.parametrize("status", [201, 302, 400, 404, 500, 502])
def test_any_other_status_is_wrong(request_, said, status):
    with pytest.raises(WrongAnswerError, match=str(status)):
        check(request_, said, status=status)


def test_a_bad_request_is_to_be_told_what_is_wrong():
    bad = BadRequest(breast_cancer, b"", "missing field")

    assert Checker().check_refused(bad, 400, json.dumps(ERROR).encode()).code == "invalid_request"


@pytest.mark.parametrize(
    "change",
    [{"detail": []}, {"code": "Not A Code"}, {"error": ""}, {"more": 1}, {"detail": ["text"]}],
)
def test_a_400_without_the_error_body_is_wrong(change):
    bad = BadRequest(breast_cancer, b"", "missing field")

    with pytest.raises(WrongAnswerError, match="missing field"):
        Checker().check_refused(bad, 400, json.dumps(ERROR | change).encode())


def test_a_bad_request_that_is_answered_is_wrong():
    """Silently scoring nonsense is the worst of all answers."""
    with pytest.raises(WrongAnswerError):
        Checker().check_refused(BadRequest(breast_cancer, b"", "null"), 200, b"{}")


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ({"a": [0.1]}, {"a": [0.1 + 1e-12]}, True),
        ({"a": [0.1]}, {"a": [0.1001]}, False),
        ({"a": 1.0}, {"b": 1.0}, False),
        ([1.0], [1.0, 1.0], False),
        ("yes", "no", False),
        (None, None, True),
    ],
)
def test_only_the_last_bits_of_a_number_may_differ(one, other, equal):
    assert same(one, other) is equal
