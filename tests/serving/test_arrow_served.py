"""Over HTTP both forms give the same predictions, and the same refusals."""

import asyncio
import json

import bentoml
import pyarrow
import pytest
from pyarrow import ipc

from models import breast_cancer, loan_default, sentiment
from serving import arrow, exchange, wire
from serving.endpoint import BodyLimits, Endpoint
from serving.room import Room

MODELS = [breast_cancer, loan_default, sentiment]
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}
JSON = {"Content-Type": "application/json"}
KNOWN = {"X-Request-ID": "given"}


def plain(model, number):
    rows = [row.model_dump(mode="json") for row in model.EXAMPLE]
    return (rows * number)[:number]


def stream(rows, **options):
    table = pyarrow.Table.from_pylist(rows)
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema, options=ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def ask(client, model, body, headers):
    return client.post(f"/{model.NAME}/predict", content=body, headers=headers | KNOWN)


def in_both(client, model, rows):
    body = json.dumps({"rows": rows}).encode()
    return ask(client, model, stream(rows), ARROW), ask(client, model, body, JSON)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("number", [1, 2, 512])
def test_both_forms_are_answered_the_same(client, model, number):
    arrow, plainly = in_both(client, model, plain(model, number))
    table, said = ipc.open_stream(arrow.content).read_all(), plainly.json()

    assert (arrow.status_code, plainly.status_code) == (200, 200)
    assert arrow.headers["content-type"] == ARROW["Content-Type"]
    assert table.to_pylist() == said.pop("predictions")
    assert {k.decode(): v.decode() for k, v in table.schema.metadata.items()} == said
    assert said["request_id"] == arrow.headers["x-request-id"] == "given"


@pytest.mark.parametrize("model", MODELS)
def test_arrow_holds_more_rows_than_json_and_answers_each_as_alone(client, model):
    rows = plain(model, 1_300)
    answers = ipc.open_stream(ask(client, model, stream(rows), ARROW).content).read_all()
    few = ask(client, model, json.dumps({"rows": rows[:2]}).encode(), JSON).json()["predictions"]

    assert answers.to_pylist() == few * 650


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("change", ["missing", "added", "wrong"])
def test_both_forms_are_refused_in_the_same_body(client, model, change):
    name, *others = plain(model, 1)[0]
    rows = [
        {
            "missing": {each: row[each] for each in others} | {"surprise": 1},
            "added": row | {"surprise": 1},
            "wrong": row | {name: None},
        }[change]
        for row in plain(model, 3)
    ]
    arrow, plainly = in_both(client, model, rows)

    assert (arrow.status_code, plainly.status_code) == (400, 400)
    assert arrow.json() == plainly.json()
    assert arrow.headers["content-type"] == "application/json"


def test_no_row_is_refused_in_the_same_body(client):
    table = pyarrow.table({"text": pyarrow.array([], pyarrow.string())})
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    arrow = ask(client, sentiment, bytes(sink.getvalue()), ARROW)

    assert (arrow.status_code, arrow.json()) == (
        400,
        ask(client, sentiment, b'{"rows": []}', JSON).json(),
    )


def test_both_forms_may_be_as_large_as_each_other(client):
    size = 8 * 2**20 + 1
    arrow, plainly = (ask(client, sentiment, b" " * size, each) for each in (ARROW, JSON))

    assert (arrow.status_code, arrow.json()) == (413, plainly.json())


def test_both_forms_are_refused_where_the_body_is_compressed(client):
    more = {"Content-Encoding": "gzip"}
    arrow, plainly = (ask(client, sentiment, b"", each | more) for each in (ARROW, JSON))

    assert (arrow.status_code, arrow.json()) == (415, plainly.json())


@pytest.mark.parametrize("body", [b"", b"{}", b"ARROW1\0\0", stream([{"text": "a"}])[:-20]])
def test_what_is_no_stream_is_a_400(client, body):
    answer = ask(client, sentiment, body, ARROW)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_compressed_buffers_are_a_400_that_says_so(client):
    answer = ask(client, sentiment, stream(plain(sentiment, 2), compression="zstd"), ARROW)

    assert answer.status_code == 400
    assert [each["type"] for each in answer.json()["detail"]] == ["arrow_invalid"]
    assert "compressed" in answer.json()["error"]


def test_while_a_large_body_is_answered_others_have_turns(client, monkeypatch):
    number = 4_096
    known = wire.wires(sentiment, arrow_rows=number)[wire.ARROW]
    bundle = bentoml.get_current_service().bundle
    limits = BodyLimits(2**20, number, Room(2**20))
    endpoint = Endpoint(sentiment, bundle, limits, direct=True)
    body = stream([{"text": "good"}] * number)
    told = []

    async def others():
        while True:
            told.append("turn")
            await asyncio.sleep(0)

    async def scenario():
        other = asyncio.ensure_future(others())
        monkeypatch.setattr(bundle, "predict", predicted)
        await endpoint.answer(known, body, exchange.of({}), None)
        other.cancel()

    predict = bundle.predict

    async def predicted(*given, **more):
        told.append("predict")
        predictions = await predict(*given, **more)
        told.append("write")
        return predictions

    client.portal.call(scenario)
    slices = number // arrow.ROWS
    assert told.index("predict") >= slices - 1
    assert len(told) - told.index("write") >= slices - 1
