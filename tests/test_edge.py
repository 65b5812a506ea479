"""Bodies that are not what they should be, sent to a real server: refused in the one body."""

import gzip
import io
import json
import os
import pickle
from typing import Any

import httpx
import numpy as np
import pytest

from models import breast_cancer, loan_default, sentiment
from models._contract import MAX_ROWS
from tests import raw

MODELS = [breast_cancer, loan_default, sentiment]
DEEP = 100_000
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def http(server):
    # The time-out is the generous bound on how long a refusal may take.
    with httpx.Client(base_url=server, timeout=10) as http:
        yield http


@pytest.fixture
def ask(http):
    def ask(body, headers=JSON, model=sentiment, path=None):
        return http.post(path or f"/{model.NAME}/predict", content=body, headers=headers)

    return ask


def row_of(model):
    return model.EXAMPLE[0].model_dump(mode="json")


class Canary:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = str(folder)

    def __reduce__(self):
        return os.mkdir, (self.folder,)


def array_of(each):
    file = io.BytesIO()
    np.save(file, np.array([each], dtype=object), allow_pickle=True)
    return file.getvalue()


def test_the_canary_sings(tmp_path):
    """Or the tests below would prove nothing."""
    pickle.loads(pickle.dumps(Canary(tmp_path / "one")))  # noqa: S301 - our own
    np.load(io.BytesIO(array_of(Canary(tmp_path / "two"))), allow_pickle=True)

    assert {each.name for each in tmp_path.iterdir()} == {"one", "two"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/vnd.bentoml+pickle",
        "APPLICATION/VND.BENTOML+PICKLE",
        "application/vnd.bentoml+pickle; charset=utf-8",
        "application/vnd.bentoml+pickle ;a=b;c=d",
        "application/vnd.bentoml.pickled",
        "application/octet-stream",
        "application/x-pickle",
        "application/python-pickle",
        "application/x-npy",
        "application/x-numpy; allow_pickle=true",
        "multipart/form-data; boundary=b",
        "application/json, application/vnd.bentoml+pickle",
        "application/vnd.bentoml+pickle, application/json",
        "text/json",
    ],
)
@pytest.mark.parametrize("path", ["/sentiment/predict", "/models/sentiment/feedback"])
def test_a_pickle_is_a_415_whatever_it_calls_itself(ask, tmp_path, content_type, path):
    canary = Canary(tmp_path / "ran")
    part = b'--b\r\nContent-Disposition: form-data; name="rows"; filename="rows.pkl"\r\n'
    part += b"Content-Type: application/vnd.bentoml+pickle\r\n\r\n%b\r\n--b--\r\n"
    headers = {"Content-Type": content_type, "Payload-Container": "NdarrayContainer"}
    for payload in (pickle.dumps(canary), array_of(canary)):
        for body in (payload, part % payload):
            raw.refused(ask(body, headers, path=path), 415, "unsupported_media_type")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/vnd.apache.arrow.stream"]
)
def test_a_pickle_that_says_it_is_something_else_is_a_400(ask, tmp_path, content_type):
    canary = Canary(tmp_path / "ran")
    for payload in (pickle.dumps(canary), pickle.dumps(canary, 0), array_of(canary)):
        raw.refused(ask(payload, {"Content-Type": content_type}), 400, "invalid_request")

    assert list(tmp_path.iterdir()) == []


OPENED = [b"[", b'{"a":', b'[{"a":']
PLACES = [b"%b", b'{"rows": %b}', b'{"rows": [%b]}', b'{"rows": [{"text": %b}]}', b'{"x": %b}']
PLACES += [b'{"rows": [{"text": "a", "x": %b}]}', b'{"rows": [{"text": "a"}], "x": %b}']


@pytest.mark.parametrize("opened", OPENED)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_nested_too_deep_is_a_400(ask, opened, place):
    closed = opened.replace(b'"a":', b"").translate(bytes.maketrans(b"[{", b"]}"))[::-1]
    raw.refused(ask(place % (opened * DEEP)), 400)
    raw.refused(ask(place % (opened * DEEP + b"1" + closed * DEEP)), 400)


HUGE = [b"9" * 5_000, b"-" + b"9" * 5_000, b"9" * 5_000 + b".5", b"1e" + b"9" * 5_000]
NO_NUMBERS = [b"NaN", b"nan", b"-NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"+1", b"01"]
NO_NUMBERS += [b".5", b"1.", b"0x10", b"1_000", b"1,5", b"--1", b"1e", b"\xef\xbc\x95"]


@pytest.mark.parametrize("number", HUGE + NO_NUMBERS)
def test_what_is_no_number_of_a_sane_size_is_a_400_in_every_numeric_field(ask, number):
    for model, name in [(breast_cancer, "mean_area"), (loan_default, "employees")]:
        body = json.dumps({"rows": [row_of(model) | {name: "HERE"}]}).encode()
        raw.refused(ask(body.replace(b'"HERE"', number), model=model), 400)


@pytest.mark.parametrize("number", ["-0.0", "5e-324", "0", "0.0", "1E-5", "0.1" + "1" * 5_000])
def test_a_small_or_long_number_is_one(ask, number):
    body = json.dumps({"rows": [row_of(breast_cancer) | {"mean_concavity": "HERE"}]})

    assert ask(body.replace('"HERE"', number), model=breast_cancer).status_code == 200


NO_TEXTS = [b"\\ud800", b"\\udc00", b"a\\ud800b", b"\\udc00\\ud800", b"\\ud800\\u0041"]
NO_TEXTS += [b"\xed\xa0\x80", b"\xff", b"\xc0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\\x41"]
NO_TEXTS += [b"\n", b"\x00", b"\\", b"\\u12"]


@pytest.mark.parametrize("text", NO_TEXTS)
def test_what_is_no_unicode_text_is_a_400(ask, text):
    for body in (
        b'{"rows": [{"text": "%b"}]}',
        b'{"rows": [{"text": "a", "%b": 1}]}',
        b'{"%b": 1}',
    ):
        raw.refused(ask(body % text), 400)


@pytest.mark.parametrize(
    "text", [b"\\ud83d\\ude00", b"\xf0\x9f\x98\x80", b"\\u0000", b"\xe2\x80\xae"]
)
def test_every_unicode_text_is_one(ask, text):
    assert ask(b'{"rows": [{"text": "%b"}]}' % text).status_code == 200


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_json_is_utf8_and_nothing_else(ask, encoding):
    raw.refused(ask(raw.BODY.decode().encode(encoding)), 400)


def test_no_beginning_of_a_body_is_a_body(ask):
    for length in range(len(raw.BODY)):
        raw.refused(ask(raw.BODY[:length]), 400, "invalid_request")


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "a, gzip"])
def test_a_compressed_body_is_a_415_whether_it_is_one_or_not(ask, encoding):
    for body in (gzip.compress(raw.BODY), raw.BODY):
        raw.refused(ask(body, JSON | {"Content-Encoding": encoding}), 415)


def test_a_compressed_body_that_does_not_say_so_is_a_400(ask):
    raw.refused(ask(gzip.compress(raw.BODY)), 400)


@pytest.mark.parametrize("model", MODELS)
def test_a_key_that_comes_twice_is_a_400_at_each_level(ask, model):
    row = json.dumps(row_of(model))
    name = next(iter(row_of(model)))
    value = json.dumps(row_of(model)[name])
    escaped = f"\\u{ord(name[0]):04x}{name[1:]}"
    twice = [row[:-1] + f', "{again}": {value}}}' for again in (name, escaped)]
    bodies = [f'{{"rows": [{row}], "rows": [{row}]}}', f'{{"rows": [{row}], "r\\u006fws": []}}']
    bodies += [f'{{"rows": [{row}, {each}]}}' for each in twice]
    for body in bodies:
        raw.refused(ask(body, model=model), 400)


@pytest.mark.parametrize("name", ["Text", "text ", "", "__proto__", "rows", "\u0442ext", "x" * 70])
def test_a_key_that_is_almost_right_is_a_400_that_names_it(ask, name):
    inside = raw.refused(ask(json.dumps({"rows": [{"text": "a", name: "a"}]})), 400)
    assert [each.loc for each in inside.detail] == [["rows", 0, name[:64]]]
    if name != "rows":
        beside = raw.refused(ask(json.dumps({"rows": [{"text": "a"}], name: 1})), 400)
        assert [each.loc for each in beside.detail] == [[name[:64]]]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ["x", "x" * 80, "\x01" * 80, "\U0001f642" * 80])
def test_however_much_is_wrong_the_answer_is_short(ask, model, name):
    wrong = {f"{number}{name[:80]}": number for number in range(5)}
    rows: list[Any] = [wrong, {key: [name[:5]] for key in row_of(model)}, [], None]
    for row in rows:
        body = json.dumps({"rows": [row] * MAX_ROWS})
        assert len(raw.refused(ask(body, model=model), 400).detail) == 20


def test_a_name_of_any_length_is_cut_in_the_answer(ask):
    body = json.dumps({"rows": [{"text": "a", "x" * 100_000: 1}], "y" * 100_000: 1})

    assert len(raw.refused(ask(body), 400).error) < 300
