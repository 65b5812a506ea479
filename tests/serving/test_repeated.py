"""A body that names one key twice is seen, however it hides; a body that does not is left alone."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import breast_cancer, loan_default, sentiment
from models._contract import Rows
from serving import repeated

MODELS = [breast_cancer, loan_default, sentiment]


def found(model, body):
    body_type: Any = Rows.__class_getitem__(model.ROW)
    rows = body_type.model_validate_json(body).rows
    return repeated.checker(model.ROW)(body, rows)


def body_of(model, *, ascii_only):
    rows = [row.model_dump(mode="json") for row in model.EXAMPLE]
    return json.dumps({"rows": rows}, ensure_ascii=ascii_only).encode()


@pytest.mark.parametrize("model", MODELS)
def test_a_body_without_repeated_keys_passes(model):
    assert not found(model, body_of(model, ascii_only=False))


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_seen_when_it_comes_twice(model):
    body = body_of(model, ascii_only=False)
    for field, value in json.loads(body)["rows"][0].items():
        pair = f"{json.dumps(field)}: {json.dumps(value)}".encode()
        assert found(model, body.replace(pair, pair + b", " + pair, 1)), field


@pytest.mark.parametrize(
    "body",
    [
        b'{"rows":[{"text":"a"}],"rows":[{"text":"a"}]}',
        b'{"rows":[{"text":"a","text":"b"}]}',
        b'{"rows":[{"text":"a:b","text":"b"}]}',
        b'{"rows":[{"text":"x","text":"b\\u003a"}]}',
        b'{"rows":[{"te\\u0078t":"x","text":"b"}]}',
    ],
)
def test_a_repeated_key_does_not_hide_behind_colons_and_escapes(body):
    assert found(sentiment, body)


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5), st.booleans())
def test_no_text_is_taken_for_a_repeated_key(texts, ascii_only):
    body = json.dumps({"rows": [{"text": text} for text in texts]}, ensure_ascii=ascii_only)
    try:
        encoded = body.encode()
    except UnicodeEncodeError:
        return

    assert not found(sentiment, encoded)


def test_a_left_out_optional_field_is_no_repeated_key():
    row = loan_default.EXAMPLE[0].model_dump(mode="json", exclude={"lender_state"})

    assert not found(loan_default, json.dumps({"rows": [row]}).encode())
