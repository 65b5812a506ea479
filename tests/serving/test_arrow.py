"""Arrow's form holds the same rows, gives the same answers and is refused in the same words."""

import json

import bentoml
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import ipc

from models import breast_cancer, loan_default, sentiment
from serving import arrow, artifact
from serving.errors import MOST_DETAILS, ApiError
from serving.wire import ARROW, JSON, wires

MODELS = [breast_cancer, loan_default, sentiment]
MOST = 700


def stream(rows, batch_rows=None, **options):
    table = pyarrow.Table.from_pylist(rows)
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, batch_rows)
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


LONG = "a" * 2**20


def one_column(column):
    batch = pyarrow.record_batch({"text": column})
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def dictionary(rows, values):
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(rows, pyarrow.int32()), values)


def views(rows):
    """Rows that all look at one text."""
    one = pyarrow.array([LONG], pyarrow.string_view()).buffers()
    return pyarrow.Array.from_buffers(
        pyarrow.string_view(), rows, [None, pyarrow.py_buffer(one[1].to_pybytes() * rows), one[2]]
    )


@pytest.mark.parametrize("bomb", [dictionary([0] * 64, [LONG]), views(64)])
def test_rows_that_share_one_long_text_are_refused_before_each_has_its_own(bomb):
    assert "far more" in refusal(sentiment, ARROW, one_column(bomb), MOST).message


@pytest.mark.parametrize(
    "column",
    [
        pyarrow.array([[None] * 100]),
        pyarrow.array([{"a": 1}]),
        pyarrow.array([[None] * 100], pyarrow.list_(pyarrow.null(), 100)),
        pyarrow.array([["a"]], pyarrow.list_view(pyarrow.string())),
        pyarrow.RunEndEncodedArray.from_arrays([1], ["a"]),
    ],
)
def test_columns_of_anything_nested_are_refused(column):
    assert "numbers, texts" in refusal(sentiment, ARROW, one_column(column)).message


def test_far_more_columns_than_fields_are_refused():
    row = {"text": "a"} | {f"k{number}": None for number in range(1_000)}

    assert "far too many" in refusal(sentiment, ARROW, stream([row])).message
    assert len(refusal(sentiment, ARROW, stream([{"text": "a", "k": None}])).detail) == 1


@pytest.mark.parametrize(
    "column",
    [
        dictionary([1, 0, 1], ["a", "b"]),
        pyarrow.array(["b", "a", "b"], pyarrow.string_view()),
        pyarrow.array(["b", "a", "b"], pyarrow.large_string()),
    ],
)
def test_texts_are_read_however_they_are_encoded(column):
    rows = wires(sentiment, arrow_rows=10)[ARROW].read(one_column(column))

    assert [row.text for row in rows] == ["b", "a", "b"]


@pytest.mark.parametrize(
    "kind",
    [
        *(pyarrow.null(), pyarrow.bool_(), pyarrow.int8(), pyarrow.float64(), pyarrow.date32()),
        *(pyarrow.decimal128(5), pyarrow.binary(4), pyarrow.string_view(), pyarrow.binary()),
        *(pyarrow.dictionary(pyarrow.int8(), each) for each in (pyarrow.string(), pyarrow.int8())),
        pyarrow.dictionary(pyarrow.int8(), pyarrow.string_view()),
    ],
)
def test_a_column_of_any_flat_type_is_read_and_its_rows_are_refused(kind):
    nothing = pyarrow.array([], pyarrow.null()).cast(kind)
    empty = pyarrow.nulls(3, kind)

    assert refusal(sentiment, ARROW, one_column(nothing)).detail[0].type == "too_short"
    assert refusal(sentiment, ARROW, one_column(empty)).detail[2].loc == ("rows", 2, "text")


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


WRONG = [{"employees": -1}, {"state": "xx", "jobs_created": -1}, {"sba_guaranteed_usd": 10**6}]
ONE_SLICE = 10**6


def with_faults(number, faults):
    """So many rows, of which some are wrong: by their index, which of `WRONG`."""
    good = plain(loan_default)
    return [good[n % 2] | (WRONG[faults[n]] if n in faults else {}) for n in range(number)]


def read(body, slice_rows):
    """The rows, or all that the refusal says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow, "ROWS", slice_rows)
        try:
            return wires(loan_default, arrow_rows=MOST)[ARROW].read(body)
        except ApiError as error:
            return error.status, error.body("id")


numbers = st.sampled_from([1, 255, 256, 257, 512, 513, MOST, MOST + 1, MOST + 300])
faults = st.dictionaries(st.integers(0, MOST + 10), st.integers(0, 2), max_size=40)


@given(numbers, faults, st.sampled_from([1, 100, 256, 10_000]))
def test_slices_are_read_and_refused_as_all_rows_at_once(number, faults, batch_rows):
    body = stream(with_faults(number, faults), batch_rows)

    assert read(body, arrow.ROWS) == read(body, ONE_SLICE)


def test_of_the_faults_of_all_slices_the_first_are_told_and_all_are_counted():
    rows = with_faults(600, {2: 0, **dict.fromkeys(range(290, 500), 1)})
    told = refusal(loan_default, ARROW, stream(rows), MOST)

    assert [each.loc for each in told.detail[:3]] == [
        ("rows", 2, "employees"), ("rows", 290, "jobs_created"), ("rows", 290, "state")
    ]  # fmt: skip
    assert len(told.detail) == MOST_DETAILS
    assert told.message.endswith("(and 420 more)")


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_in_slices_is_that_of_all_rows_at_once(model, monkeypatch, home):
    known = wires(model, arrow_rows=MOST)[ARROW]
    predict = artifact.read(model, bentoml.models.get(f"{model.NAME}:latest")).runner.predict
    # In the first two slices no loan has a warning, so that a whole column of them is empty.
    first, *_ = predict(model.EXAMPLE[:1])
    predictions = [first] * 512 + predict(model.EXAMPLE) * 40
    sliced = known.write(predictions, "v1", "id1")
    monkeypatch.setattr(arrow, "ROWS", ONE_SLICE)

    assert sliced == known.write(predictions, "v1", "id1")
