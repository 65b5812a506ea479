"""Arrow's form holds the same rows, gives the same answers and is refused in the same words."""

import json

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import ipc

from models import breast_cancer, loan_default, sentiment
from serving.errors import ApiError
from serving.wire import ARROW, JSON, wires

MODELS = [breast_cancer, loan_default, sentiment]


def stream(rows, **options):
    table = pyarrow.Table.from_pylist(rows)
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def plain(model):
    return [row.model_dump(mode="json") for row in model.EXAMPLE]


def refusal(model, form, body, most=10):
    with pytest.raises(ApiError) as caught:
        wires(model, arrow_rows=most)[form].read(body)
    return caught.value


@pytest.mark.parametrize("model", MODELS)
def test_both_forms_hold_the_same_rows(model):
    known = wires(model, arrow_rows=10)
    body = json.dumps({"rows": plain(model)}).encode()

    assert known[ARROW].read(stream(plain(model))) == known[JSON].read(body) == model.EXAMPLE


@pytest.mark.parametrize("wrong", [{"state": "xx"}, {"employees": 1.5}, {"term_months": 84}])
def test_both_forms_are_refused_in_the_same_words(wrong):
    row = plain(loan_default)[0] | wrong
    told = refusal(loan_default, ARROW, stream([row]))
    expected = refusal(loan_default, JSON, json.dumps({"rows": [row]}).encode())

    assert (told.status, told.message) == (400, expected.message)
    assert [each.loc for each in told.detail] == [each.loc for each in expected.detail]


def test_an_answer_holds_the_predictions_and_says_who_made_them():
    predictions = [sentiment.Opinion(positive_probability=0.9, label="positive", confidence=0.9)]
    answer = wires(sentiment, arrow_rows=10)[ARROW].write(predictions, "v1", "id1")

    table = ipc.open_stream(answer).read_all()
    assert table.to_pylist() == [each.model_dump() for each in predictions]
    assert table.schema.metadata[b"version"] == b"v1"


def test_more_rows_than_the_cap_are_refused():
    told = refusal(sentiment, ARROW, stream([{"text": "a"}] * 11))

    assert told.detail[0].type == "too_long"


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_compressed_buffers_are_refused_before_they_are_unpacked(codec):
    bomb = stream([{"text": "a" * 5_000}] * 10, compression=codec)

    assert "compressed" in refusal(sentiment, ARROW, bomb).message


def test_a_stream_cut_anywhere_is_a_400():
    whole = stream(plain(loan_default))
    for length in range(0, len(whole) - 8, 40):
        assert refusal(loan_default, ARROW, whole[:length]).status == 400


def test_a_column_that_comes_twice_is_refused():
    table = pyarrow.table([["a"], ["b"]], names=["text", "text"])
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)

    assert "name of its own" in refusal(sentiment, ARROW, bytes(sink.getvalue())).message


def test_a_name_that_is_no_text_is_a_400():
    whole = stream([{"text": "a"}])

    assert refusal(sentiment, ARROW, whole.replace(b"text", b"te\xfft")).status == 400


@pytest.mark.parametrize("kind", [pyarrow.timestamp("s"), pyarrow.duration("s"), pyarrow.date64()])
def test_a_date_that_python_can_not_say_is_a_400(kind):
    column = pyarrow.array([2**62], pyarrow.int64()).cast(kind, safe=False)
    table = pyarrow.table({"text": column})
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)

    assert refusal(sentiment, ARROW, bytes(sink.getvalue())).status == 400


@given(st.data())
def test_a_stream_with_any_bytes_changed_is_read_or_refused(data):
    body = bytearray(stream(plain(loan_default)))
    places = st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=4)
    for place, byte in data.draw(places):
        body[place] = byte

    assert outcome(bytes(body)) in (400, loan_default.LoanApplication)


def outcome(body):
    """The type of the rows that are read, or the status of the refusal."""
    try:
        rows = wires(loan_default, arrow_rows=10)[ARROW].read(body)
    except ApiError as error:
        return error.status
    (kind,) = {type(row) for row in rows}
    return kind


def test_without_rows_for_arrow_only_json_is_known():
    assert set(wires(sentiment, arrow_rows=0)) == {JSON}
