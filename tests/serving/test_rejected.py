"""What the log says of a rejected body, when it was asked to."""

import json

import pytest

from models import loan_default, sentiment
from serving.rejected import LENGTH, redacted


def test_a_private_field_is_left_out_wherever_it_stands():
    body = {"rows": [{"text": "SECRET"}, {"a": {"text": ["SECRET"]}}], "text": "SECRET"}

    assert "SECRET" not in redacted(json.dumps(body).encode(), sentiment)


def test_what_is_not_private_is_there_to_be_read():
    assert '"Florida"' in redacted(b'{"rows": [{"state": "Florida"}]}', loan_default)


def test_a_long_body_is_cut():
    body = json.dumps({"rows": [{"state": "x" * 10_000}]}).encode()

    assert len(redacted(body, loan_default)) == LENGTH


def test_of_what_is_no_json_only_the_length_is_told():
    assert redacted(b"SECRET", sentiment) == "[6 bytes that are no JSON]"
    assert "no JSON" in redacted(b"[" * 100_000, sentiment)


@pytest.mark.parametrize(
    "body",
    [
        {"rows": ["SECRET"]},
        {"rows": "SECRET"},
        {"review": "SECRET"},
        {"rows": [{"Text": "SECRET"}]},
        {"rows": [{"text": "a", "SECRET": 1}]},
        {"rows": [{"text": "a"}], "SECRET": []},
        ["SECRET"],
        "SECRET",
    ],
)
def test_what_was_to_be_private_is_left_out_under_any_name_and_in_any_place(body):
    assert "SECRET" not in redacted(json.dumps(body).encode(), sentiment)


def test_where_nothing_is_private_a_wrong_name_is_there_to_be_read():
    assert '"stat"' in redacted(b'{"rows": [{"stat": "FL"}]}', loan_default)
