"""A body of far more values than a model can be asked is refused before it is parsed."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models import breast_cancer, loan_default, sentiment
from models._contract import MAX_ROWS
from serving import tokens, wire
from serving.errors import ApiError

MODELS = [breast_cancer, loan_default, sentiment]
MOST = 2**23


def refused(body, most):
    with pytest.raises(ApiError) as caught:
        tokens.refuse_more(body, most)
    return caught.value


@pytest.mark.parametrize("element", ["[[]]", "{}", '""', "1", '"\\', '{"text":"a"}', '"",[', "[{"])
def test_a_body_full_of_small_values_is_refused_whole_or_not(element):
    body = f'{{"rows": [{",".join([element] * (MOST // (len(element) + 1)))}]}}'.encode()
    error = refused(body, tokens.most(sentiment.ROW))

    assert (error.status, error.detail[0].loc, error.detail[0].type) == (400, ("rows",), "too_long")


@pytest.mark.parametrize("model", MODELS)
def test_no_body_that_is_valid_is_refused(model):
    row = model.EXAMPLE[0].model_dump(mode="json")
    body = json.dumps({"rows": [row] * MAX_ROWS}, indent=1).encode().ljust(tokens.SMALL_BYTES + 1)

    assert len(wire.wires(model, arrow_rows=0)[wire.JSON].read(body)) == MAX_ROWS


def test_a_body_of_texts_may_hold_what_it_likes():
    body = json.dumps({"rows": [{"text": ('[{,"\\' * 1_000)[:5_000]}] * MAX_ROWS}).encode()
    assert body.count(b",") > tokens.most(sentiment.ROW)

    assert len(wire.wires(sentiment, arrow_rows=0)[wire.JSON].read(body)) == MAX_ROWS


def test_some_rows_too_many_are_counted_by_who_reads_them():
    row = {"text": "good"}
    body = json.dumps({"rows": [row] * (2 * MAX_ROWS)}).encode().ljust(tokens.SMALL_BYTES + 1)
    with pytest.raises(ApiError) as caught:
        wire.wires(sentiment, arrow_rows=0)[wire.JSON].read(body)

    assert "512 items" in caught.value.message
    assert f"not {2 * MAX_ROWS}" in caught.value.message


def test_in_a_small_body_nothing_is_counted():
    tokens.refuse_more(b"[" * tokens.SMALL_BYTES, 0)


def count(value, text=1):
    """How many lists, objects, commas and texts some JSON has."""
    if isinstance(value, dict):
        inside = sum(text + count(each, text) for each in value.values())
        return max(1, len(value)) + inside
    if isinstance(value, list):
        return max(1, len(value)) + sum(count(each, text) for each in value)
    return text * isinstance(value, str)


TEXTS = st.text(st.sampled_from('a[{,"\\\n]}é'))
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.none()),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


@given(VALUES, st.booleans())
@example("\\", True)
def test_what_is_in_texts_is_not_counted_and_all_else_is(value, ascii_only):
    body = json.dumps(value, ensure_ascii=ascii_only).encode().ljust(tokens.SMALL_BYTES + 1)

    tokens.refuse_more(body, count(value))
    if without_texts := count(value, text=0):
        refused(body, without_texts - 1)
