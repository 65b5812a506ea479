"""The front: one answer, one error body, and the same through BentoML's own layers."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import breast_cancer, loan_default, sentiment
from tests.conftest import in_process, wait_until_ready

MODELS = [breast_cancer, loan_default, sentiment]
JSON = {"Content-Type": "application/json"}
BODY = b'{"rows": [{"text": "good"}]}'


@pytest.fixture(scope="module")
def through_bentoml(client):
    """The same service with TABENTO_FRONT=off."""
    import service

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "settings", lambda: OFF)
        with in_process() as off:
            wait_until_ready(off)
            yield off


class Off:
    """The settings, but for one."""

    front = "off"

    def __getattr__(self, name):
        from settings import settings

        return getattr(settings(), name)


OFF = Off()


def ask(client, body=BODY, path="/sentiment/predict", headers=JSON):
    return client.post(path, content=body, headers=headers)


def check_error(answer, status, code):
    """The one shape, whoever found the error."""
    said = answer.json()
    assert (answer.status_code, said["code"]) == (status, code)
    assert set(said) == {"error", "code", "request_id", "detail"}
    assert said["error"].strip()
    assert said["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["content-type"] == "application/json"
    for each in said["detail"]:
        assert set(each) == {"loc", "msg", "type"}


def test_an_unknown_route_is_a_404_in_the_one_body(client):
    check_error(client.get("/nope"), 404, "not_found")
    check_error(client.post("/nope/predict", json={}), 404, "not_found")


def test_an_unknown_model_is_a_404_that_names_those_there_are(client):
    answer = client.get("/models/nope")

    check_error(answer, 404, "not_found")
    assert "loan_default" in answer.json()["error"]


@pytest.mark.parametrize(
    "path", ["/sentiment/predict", "/models", "/livez", "/docs.json", "/metrics"]
)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_a_405_that_names_the_right_one(client, path, method):
    answer = client.request(method, path)

    check_error(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/vnd.bentoml+pickle",
        "Application/VND.BentoML+Pickle; charset=utf-8",
        "application/jsonp",
        "image/png",
    ],
)
def test_another_content_type_is_a_415(client, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}

    check_error(ask(client, headers=headers), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_is_taken_however_it_is_written(client, content_type):
    assert ask(client, headers={"Content-Type": content_type}).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
def test_a_compressed_body_is_a_415(client, encoding):
    answer = ask(client, headers=JSON | {"Content-Encoding": encoding})

    check_error(answer, 415, "unsupported_media_type")


def test_a_body_over_the_limit_is_a_413_with_and_without_its_length(client):
    def chunks():
        for _ in range(9):
            yield b" " * 2**20

    check_error(ask(client, b" " * (8 * 2**20 + 1)), 413, "body_too_large")
    check_error(ask(client, chunks()), 413, "body_too_large")


HARDLY_JSON = [
    b"[" * 100_000,
    b'{"rows":' * 50_000,
    b'{"rows": [{"text": ' + b"9" * 5_000 + b"}]}",
    b'{"rows": [{"text": "\\ud800"}]}',
    b'{"rows": [{"text": "\xff"}]}',
    b'{"rows": [{"text": "a"}]} trailing',
    b'{"rows": [{"text": "a"}], "rows": [{"text": "b"}]}',
]


@pytest.mark.parametrize("body", HARDLY_JSON)
def test_what_is_hardly_json_is_a_400(client, body):
    check_error(ask(client, body), 400, "invalid_request")


@pytest.mark.parametrize("body", HARDLY_JSON)
def test_both_ways_refuse_it_in_the_same_words(client, through_bentoml, body):
    same(client, through_bentoml, "/sentiment/predict", body, JSON)


def test_an_error_does_not_repeat_what_was_sent(client):
    answer = ask(client, b'{"rows": [{"text": ["MARKER"]}]}')

    assert "MARKER" not in answer.text


@pytest.mark.parametrize("given_id", ["a", "A-b_c.d:e", "x" * 128])
def test_a_sane_request_id_is_echoed_in_header_and_body(client, given_id):
    for path, body in [("/sentiment/predict", BODY), ("/sentiment/predict", b"{"), ("/nope", b"")]:
        answer = ask(client, body, path, JSON | {"X-Request-ID": given_id})
        assert answer.headers["x-request-id"] == given_id
        assert answer.json()["request_id"] == given_id


@pytest.mark.parametrize("given_id", ["", " ", "x" * 129, "a b", 'a"b', "a\tb", "<a>"])
def test_another_request_id_is_replaced(client, given_id):
    answer = ask(client, headers=JSON | {"X-Request-ID": given_id})

    assert answer.status_code == 200
    assert len(answer.json()["request_id"]) == 32


def test_no_answer_says_what_the_server_is_made_of(client):
    for answer in (ask(client), client.get("/livez"), client.get("/nope"), client.get("/")):
        assert "server" not in answer.headers
        assert not [name for name in answer.headers if "bentoml" in name]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_predictions_are_not_to_be_stored_by_anybody(client):
    for body in (BODY, b"{"):
        assert ask(client, body).headers["cache-control"] == "no-store"


def test_no_other_origin_is_let_in(client):
    answer = ask(client, headers=JSON | {"Origin": "https://example.org"})

    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("model", MODELS)
def test_the_declared_methods_give_the_same_answer(client, through_bentoml, model):
    rows = [row.model_dump(mode="json") for row in model.EXAMPLE]

    same(
        client, through_bentoml, f"/{model.NAME}/predict", json.dumps({"rows": rows}).encode(), JSON
    )


def test_through_bentoml_no_arrow_is_taken_and_the_document_knows_none(through_bentoml):
    document = through_bentoml.get("/docs.json").json()
    predict = document["paths"]["/sentiment/predict"]["post"]
    arrow = "application/vnd.apache.arrow.stream"

    assert [*predict["requestBody"]["content"]] == ["application/json"]
    check_error(
        ask(through_bentoml, headers={"Content-Type": arrow}), 415, "unsupported_media_type"
    )


def same(client, off, path, body, headers):
    alike(client, off, "POST", path, content=body, headers=headers)


def alike(client, off, *asked, headers, content):
    headers = headers | {"X-Request-ID": "same"}
    one, other = (
        each.request(*asked, content=content, headers=headers, follow_redirects=False)
        for each in (client, off)
    )

    assert one.status_code == other.status_code
    assert one.content == other.content
    assert sorted(one.headers.multi_items()) == sorted(other.headers.multi_items())


def bad_or_good(model):
    """Rows of the model with any field changed to anything, left out, or added."""
    anything = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=20),
        st.lists(st.integers(), max_size=2),
        st.sampled_from(["FL", "72", "unknown", "yes", "new", 1.5, 0, -1]),
    )
    fields = [*model.ROW.model_fields, "surprise"]
    changes = st.dictionaries(st.sampled_from(fields), anything, max_size=2)
    rows = st.lists(changes, min_size=0, max_size=3)
    return rows.map(
        lambda each: json.dumps({"rows": [row_of(model) | change for change in each]}).encode()
    )


def row_of(model):
    return model.EXAMPLE[0].model_dump(mode="json")


@settings(
    deadline=None,
    max_examples=120,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), model=st.sampled_from(MODELS))
def test_both_ways_give_the_same_status_body_and_headers(client, through_bentoml, data, model):
    body = data.draw(st.one_of(bad_or_good(model), st.binary(max_size=40), st.just(b"")))
    kinds = ["application/json", "text/plain", "application/json;charset=utf-8"]
    headers = {"Content-Type": data.draw(st.sampled_from(kinds))}

    same(client, through_bentoml, f"/{model.NAME}/predict", body, headers)


METHODS = ["POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]
BEHIND = ["", "?", "?version=1", "#part", "/", "/?a=b", "//", "/x", "%2F", "%0A", "%00", ";a", "."]
# What else a request may say, that any layer might look at.
SAID = {
    "Content-Type": ["application/json", "Application/JSON; charset=latin-1", "text/plain", ""],
    "Content-Encoding": ["identity", "gzip", "br"],
    "X-Request-Timeout-Ms": ["60000", "0060000", "0", "-1", "1e3", "soon"],
    "Accept": ["*/*", "text/html", "application/vnd.apache.arrow.stream"],
    "Origin": ["https://example.org"],
    "Access-Control-Request-Method": ["POST"],
    "Content-Length": ["8388609"],
    "Host": ["elsewhere.example"],
    "X-Forwarded-Proto": ["https"],
    "Bentoml-Is-Task": ["true"],
    "If-None-Match": ["*"],
    "Range": ["bytes=0-3"],
}


asks = st.fixed_dictionaries(
    {
        "method": st.sampled_from([*METHODS, "POST", "POST", "POST"]),
        "behind": st.sampled_from([*[""] * len(BEHIND), *BEHIND]),
        "said": st.fixed_dictionaries(
            {}, optional={name: st.sampled_from(values) for name, values in SAID.items()}
        ),
    }
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=asks, model=st.sampled_from(MODELS), data=st.data())
def test_both_ways_answer_every_kind_of_request_alike(client, through_bentoml, asked, model, data):
    alike(
        client,
        through_bentoml,
        asked["method"],
        f"/{model.NAME}/predict{asked['behind']}",
        headers=JSON | asked["said"],
        content=data.draw(st.one_of(st.just(b""), bad_or_good(model))),
    )
