"""One body for every error: a sentence for people, a code for programs, nothing of ours."""

import json
from http import HTTPStatus

import pytest
from pydantic import ValidationError

from models._contract import Rows
from models.sentiment import Review
from serving import errors
from serving.errors import CODES, MOST_DETAILS, MOST_NAME, ApiError


def invalid(body):
    with pytest.raises(ValidationError) as caught:
        Rows[Review].model_validate_json(json.dumps(body))
    return json.loads(errors.invalid(caught.value).body("id"))


@pytest.mark.parametrize("status", CODES)
def test_every_status_has_a_code_of_its_own_and_the_same_four_fields(status):
    said = json.loads(ApiError(status, "What was wrong; what to do.").body("id"))

    assert [*said] == ["error", "code", "request_id", "detail"]
    assert (said["code"], said["request_id"]) == (CODES[status], "id")
    assert len(set(CODES.values())) == len(CODES)


@pytest.mark.parametrize("status", CODES)
def test_bentoml_answers_with_the_same_status(status):
    assert ApiError(status, "any").error_code == HTTPStatus(status)


def test_what_is_wrong_is_told_with_its_place_and_its_kind():
    said = invalid({"rows": [{"text": "a"}, {"text": 5}]})

    assert said["error"] == "rows.1.text: Input should be a valid string"
    assert said["detail"] == [
        {"loc": ["rows", 1, "text"], "msg": "Input should be a valid string", "type": "string_type"}
    ]


def test_several_faults_are_counted_in_the_sentence():
    said = invalid({"rows": [{"text": 5}, {"text": 6}, {}]})

    assert said["error"].endswith(" (and 2 more)")
    assert [each["loc"][1] for each in said["detail"]] == [0, 1, 2]


def test_a_body_with_many_faults_gets_a_short_answer():
    said = invalid({"rows": [{"a": 1, "b": 2, "c": 3}] * 512})

    assert len(said["detail"]) == MOST_DETAILS
    assert said["error"].endswith(f" (and {4 * 512 - 1} more)")


def test_a_long_name_is_cut():
    said = invalid({"rows": [{"text": "a", "x" * 1_000: 1}]})

    assert said["detail"][0]["loc"] == ["rows", 0, "x" * MOST_NAME]
    assert len(said["error"]) < 200


def test_a_fault_does_not_repeat_the_value_nor_name_our_libraries():
    said = json.dumps(invalid({"rows": [{"text": ["sesame"]}]}))

    assert "sesame" not in said
    assert "pydantic" not in said


@pytest.mark.parametrize("error", [errors.overloaded("x"), errors.not_ready("x")])
def test_whoever_is_sent_away_is_told_when_to_come_back(error):
    assert error.status == 503
    assert int(error.headers["Retry-After"]) >= 1


def test_a_fault_of_ours_says_nothing_of_itself():
    assert errors.internal("bad_output").message == errors.internal().message
    assert (errors.internal("bad_output").code, errors.internal().code) == (
        "bad_output",
        "internal_error",
    )
