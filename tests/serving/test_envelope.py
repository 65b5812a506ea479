"""Whatever BentoML answers, what leaves is a good answer or the one error body."""

import asyncio
import json

import pytest

from serving import errors, exchange
from serving.envelope import Envelope

HEADERS = [
    (b"server", b"BentoML Service/tabento"),
    (b"x-bentoml-request-id", b"17"),
    (b"content-type", b"text/plain"),
]


def answered(status, *chunks, headers=HEADERS, left=None, method="POST"):
    """What a client sees of an answer that BentoML gave in chunks: status, headers, body."""
    here = exchange.of({b"x-request-id": b"id"})
    here.error = left
    sent = []

    async def send(message):
        sent.append(message)

    async def answer():
        envelope = Envelope(send, {"method": method}, here, (b"cache-control", b"no-store"))
        await envelope.send(
            {"type": "http.response.start", "status": status, "headers": list(headers)}
        )
        for number, chunk in enumerate(chunks, 1):
            more = number < len(chunks)
            await envelope.send({"type": "http.response.body", "body": chunk, "more_body": more})
        return envelope.status

    told = asyncio.run(answer())
    assert told == sent[0]["status"]
    return told, dict(sent[0]["headers"]), [message["body"] for message in sent[1:]]


def error(*given, **more):
    status, headers, (body,) = answered(*given, **more)
    said = json.loads(body)
    assert [*said] == ["error", "code", "request_id", "detail"]
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"content-length"] == str(len(body)).encode()
    return status, headers, said


def test_a_good_answer_passes_as_it_comes():
    status, headers, chunks = answered(200, b"one", b"two", b"")

    assert (status, chunks) == (200, [b"one", b"two", b""])
    assert headers[b"content-type"] == b"text/plain"


@pytest.mark.parametrize("status", [200, 404])
def test_every_answer_names_the_request_and_not_the_server(status):
    _, headers, _ = answered(status, b"")

    assert headers[b"x-request-id"] == b"id"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cache-control"] == b"no-store"
    assert not {b"server", b"x-bentoml-request-id"} & headers.keys()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "invalid_request"),
        (401, "unauthorized"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (422, "http_422"),
        (429, "too_many_requests"),
        (500, "internal_error"),
        (501, "internal_error"),
        (503, "not_ready"),
        (504, "deadline_exceeded"),
    ],
)
def test_every_error_leaves_in_the_one_body_with_a_status_of_its_own(status, code):
    found, _, said = error(status, b"Traceback: ", b"sesame")

    assert found == (500 if status == 501 else status)
    assert said["code"] == code
    assert "sesame" not in json.dumps(said)


@pytest.mark.parametrize("body", [b"", b"no json", b'[{"error": "list"}]', b'{"detail": "text"}'])
def test_an_invalid_request_is_told_whatever_form_it_is_told_in(body):
    status, _, said = error(400, body)

    assert (status, said["detail"]) == (400, [])


def test_what_pydantic_said_is_kept():
    fault = {"loc": ["rows"], "msg": "Field required", "type": "missing", "input": "sesame"}
    _, _, said = error(400, json.dumps({"error": "1 error", "detail": [fault]}).encode())

    assert said["error"] == "rows: Field required"
    assert said["detail"] == [{"loc": ["rows"], "msg": "Field required", "type": "missing"}]


def test_an_error_that_our_own_code_left_is_told_instead():
    status, headers, said = error(500, b"masked", left=errors.overloaded("Too much is waiting."))

    assert (status, said["error"]) == (503, "Too much is waiting.")
    assert headers[b"retry-after"] == b"1"


def test_which_method_is_right_is_passed_on():
    _, headers, said = error(405, b"", headers=[*HEADERS, (b"allow", b"GET")], method="PUT")

    assert headers[b"allow"] == b"GET"
    assert said["error"].startswith("PUT")
