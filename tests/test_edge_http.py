"""Requests that are not what they should be, sent as bytes to a real server."""

import re

import pytest

from tests import raw

CHUNKED = b"Transfer-Encoding: chunked"
INSIDE = b"GET /models HTTP/1.1\r\nHost: test\r\n\r\n"
STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


def chunks(*each):
    return b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in each) + b"0\r\n\r\n"


def as_it_is(*fields, body=raw.BODY):
    return raw.post(body, *fields, length=False)


@pytest.fixture
def is_right(server):
    """Whether the next request, on a connection of its own, has its answer."""

    def is_right():
        answer = raw.ask(server, raw.post())
        return answer.status_code == 200 and len(answer.json()["predictions"]) == 1

    return is_right


AMBIGUOUS = {
    "negative": as_it_is(b"Content-Length: -5"),
    "signed": as_it_is(b"Content-Length: +28"),
    "no number": as_it_is(b"Content-Length: twenty"),
    "beyond 64 bits": as_it_is(b"Content-Length: 99999999999999999999999999"),
    "twice the same": as_it_is(b"Content-Length: 28", b"Content-Length: 28"),
    "two": as_it_is(b"Content-Length: 28", b"Content-Length: 5"),
    "a list": as_it_is(b"Content-Length: 28, 28"),
    "hexadecimal": as_it_is(b"Content-Length: 0x1c"),
    "length and chunks": as_it_is(b"Content-Length: 28", CHUNKED, body=chunks(raw.BODY)),
    "chunks and length": as_it_is(CHUNKED, b"Content-Length: 28", body=chunks(raw.BODY)),
    "chunks inside a length": as_it_is(b"Content-Length: 5", CHUNKED, body=b"0\r\n\r\n" + INSIDE),
    "no chunks": as_it_is(CHUNKED),
    "chunk of a negative size": as_it_is(CHUNKED, body=b"-1\r\n" + raw.BODY),
    "chunk beyond 64 bits": as_it_is(CHUNKED, body=b"f" * 17 + b"\r\n" + raw.BODY),
    "chunk longer than it says": as_it_is(CHUNKED, body=b"5\r\n" + raw.BODY + b"\r\n0\r\n\r\n"),
    "unknown coding": as_it_is(b"Transfer-Encoding: xchunked", body=chunks(raw.BODY)),
    "a coding before the chunks": as_it_is(
        b"Transfer-Encoding: gzip, chunked", body=chunks(raw.BODY)
    ),
    "chunks in HTTP/1.0": as_it_is(CHUNKED, body=chunks(raw.BODY)).replace(b"/1.1", b"/1.0"),
    "coding before the length": as_it_is(b"Transfer-Encoding: identity", b"Content-Length: 28"),
    "space before the colon": as_it_is(b"Content-Length : 28"),
    "folded": as_it_is(b"Content-Length:\r\n 28"),
    "line feeds alone": as_it_is(b"Content-Length: 28").replace(b"\r\n", b"\n"),
    "body shorter than it says": as_it_is(b"Content-Length: 5"),
}


@pytest.mark.parametrize("sent", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_can_be_read_in_two_ways_is_refused_and_nothing_behind_it_answered(
    server, is_right, sent
):
    with raw.connect(server) as connection:
        raw.send(connection, sent)
        received = raw.read_all(connection)

    assert set(STATUS.findall(received)) == {b"400"}
    assert b"invalid_request" in received
    assert b"predictions" not in received
    assert b"loan_default" not in received
    assert is_right()


HALVES = {
    "nothing": b"",
    "half a line": b"POST /senti",
    "half a head": raw.post()[:60],
    "half a body": raw.post()[:-10],
    "half a chunk": as_it_is(CHUNKED, body=b"1c\r\n{"),
    "no last chunk": as_it_is(CHUNKED, body=b"1c\r\n" + raw.BODY + b"\r\n"),
    "a handshake of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "garbage": bytes(range(256)) * 100,
}


@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_who_leaves_in_the_middle_leaves_no_trace(server, is_right, sent):
    for _ in range(5):
        with raw.connect(server) as connection:
            raw.send(connection, sent)

    assert is_right()


def test_requests_one_behind_the_other_have_their_answers_in_order(server):
    sent = [raw.post(b"{}", b"X-Request-ID: first"), raw.post(raw.BODY, b"X-Request-ID: second")]
    sent.append(raw.request(b"GET", b"/livez", b"X-Request-ID: third", b"Connection: close"))
    with raw.connect(server) as connection:
        raw.send(connection, b"".join(sent))
        received = raw.read_all(connection)

    assert STATUS.findall(received) == [b"400", b"200", b"200"]
    assert re.findall(rb"x-request-id: (\w+)", received) == [b"first", b"second", b"third"]


@pytest.mark.parametrize(
    "field",
    [b"Content-Length: %b28" % (b"0" * 5_000), b"X-Request-Timeout-Ms: %b1" % (b"0" * 9_000)],
)
def test_a_number_with_zeros_before_it_is_one(server, field):
    length = b"Content-Length: 28"
    fields = [field] if field.startswith(b"Content") else [field, length]
    answer = raw.ask(server, as_it_is(*fields))

    assert answer.status_code in {200, 503, 504}, answer.content


def test_a_body_in_pieces_of_one_byte_is_a_body(server):
    each = [bytes([byte]) for byte in raw.BODY]
    answer = raw.ask(server, as_it_is(CHUNKED, body=chunks(*each)))

    assert answer.status_code == 200


INJECTED = [
    b"a\rX-Evil: 1",
    b"a\nX-Evil: 1",
    b"a\x00b",
    b"a\r\n X-Evil: 1",
    b"%0d%0aX-Evil: 1",
    b"\xe5\x98\x8a\xe5\x98\x8dX-Evil: 1",
    b"<script>",
    b'","code":"ok',
    b"a" * 129,
    b"a" * 10_240,
    b"../../etc/passwd",
    b"${jndi:ldap://x}",
]


@pytest.mark.parametrize("given", INJECTED)
@pytest.mark.parametrize("path", [b"/sentiment/predict", b"/nope", b"/livez"])
def test_a_request_id_brings_nothing_into_an_answer(server, given, path):
    answer = raw.ask(server, raw.post(raw.BODY, b"X-Request-ID: " + given, path=path))

    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
    assert not [name for name in answer.headers if "evil" in name]
    assert b"evil" not in answer.content.lower()


def test_of_two_request_ids_one_is_taken(server):
    answer = raw.ask(server, raw.post(raw.BODY, b"X-Request-ID: one", b"X-Request-ID: two"))

    assert answer.headers["x-request-id"] in {"one", "two"}
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


UP = ["..", "%2e%2e", ".%2e", "%252e%252e", "..%00", "....", "..;", "%c0%ae%c0%ae", "%uff0e%uff0e"]
SLASHES = ["/", "%2f", "%252f", "\\", "%5c", "//"]
STATIC = ["/static_content/", "/", "/models/", "/models/sentiment/"]
TARGETS = ["service.py", "settings.py", "etc/passwd", "proc/self/environ"]


@pytest.mark.parametrize("start", STATIC)
@pytest.mark.parametrize("up", UP)
def test_no_way_up_leads_out_of_the_service(server, start, up):
    for slash in SLASHES:
        for number, target in enumerate(TARGETS):
            path = start + (up + slash) * (number + 1) * 3 + target.replace("/", slash)
            is_nowhere(server, path)


def is_nowhere(server, path):
    """Refused as a path, or where HTTP knows no such character, as HTTP."""
    answer = raw.ask(server, raw.request(b"GET", path.encode()))
    raw.refused(answer, 400 if "\\" in path and answer.status_code == 400 else 404)


@pytest.mark.parametrize(
    "path", ["/static_content//etc/passwd", "/static_content/%2fetc%2fpasswd", "//etc/passwd"]
)
def test_no_absolute_path_leads_out_of_the_service(server, path):
    is_nowhere(server, path)


GET = ["/", "/livez", "/readyz", "/healthz", "/health", "/ready", "/metrics", "/docs.json"]
GET += ["/schema.json", "/models", "/models/sentiment", "/models/sentiment/card"]
GET += ["/models/sentiment/drift", "/static_content/index.css"]
POST = ["/sentiment/predict", "/models/sentiment/reload", "/models/sentiment/feedback"]
NOWHERE = ["/nope", "/models/nope", "/models/nope/card", "/static_content/nope", "/nope/predict"]
# A pattern that ends with "$" matches these as well.
NOWHERE += [f"{path}%0A" for path in [*GET, *POST]]
# Stock BentoML sends these elsewhere: to whatever the header Host names.
NOWHERE += ["/models/", "/sentiment/predict/", "/readyz/", "/static_content"]
OTHERS = [b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"PROPFIND"]


@pytest.mark.parametrize(("paths", "allowed"), [(GET, "GET"), (POST, "POST")])
def test_a_method_that_a_route_has_not_is_a_405_in_the_one_body(server, paths, allowed):
    for path in paths:
        for method in [*OTHERS, b"GET" if allowed == "POST" else b"POST"]:
            answer = raw.ask(server, raw.request(method, path.encode()))
            raw.refused(answer, 405, "method_not_allowed")
            assert allowed in answer.headers["allow"], (method, path)


def test_a_path_that_leads_nowhere_is_a_404_in_the_one_body(server):
    for path in NOWHERE:
        answer = raw.ask(server, raw.request(b"GET", path.encode()))
        raw.refused(answer, 404, "not_found")
        assert "location" not in answer.headers
    raw.refused(raw.ask(server, raw.post(path=b"/sentiment/predict/")), 404, "not_found")
    raw.refused(raw.ask(server, raw.request(b"OPTIONS", b"*")), 404, "not_found")


@pytest.mark.parametrize(
    ("paths", "status"), [(GET, 200), (POST, 405), (NOWHERE, 404)], ids=["GET", "POST", "nowhere"]
)
def test_head_has_the_head_of_the_answer_and_no_body(server, paths, status):
    with raw.connect(server) as connection:
        for path in paths:
            raw.send(connection, raw.request(b"HEAD", path.encode()))
            answer = raw.read(connection, head_only=True)
            assert (answer.status_code, answer.content) == (status, b""), path
            assert int(answer.headers["content-length"]) >= 0
        raw.send(connection, raw.post())
        assert raw.read(connection).json()["predictions"]


@pytest.mark.parametrize(
    "field", [b"X-Request-ID: behind", b"Content-Type: text/plain", b"X-Request-Timeout-Ms: no"]
)
def test_what_comes_behind_the_body_is_no_header(server, field):
    body = chunks(raw.BODY)[:-2] + field + b"\r\n\r\n"
    answer = raw.ask(server, as_it_is(CHUNKED, body=body))

    assert answer.status_code == 200
    assert answer.headers["x-request-id"] != "behind"
