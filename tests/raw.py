"""HTTP as bytes, for what no client library would send; and what every refusal must look like."""

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from clients.answer import ErrorBody

BODY = b'{"rows": [{"text": "good"}]}'
JSON = b"Content-Type: application/json"


@dataclass(frozen=True)
class Answer:
    """One answer; `closed` says that the server closed the connection behind it."""

    status_code: int
    headers: dict[str, str]
    content: bytes
    closed: bool

    def json(self) -> Any:
        return json.loads(self.content)


def refused(answer, status, code=None):
    """Check that an answer, raw or httpx's, is the one error body; return it."""
    assert answer.status_code == status, answer.content[:300]
    body = ErrorBody.model_validate_json(answer.content)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] == body.request_id
    assert code is None or body.code == code
    assert len(body.detail) <= 20
    assert len(answer.content) < 10_000
    return body


def post(body=BODY, *fields, path=b"/sentiment/predict", length=True):
    """Write a request; with `length`, its Content-Length is the right one."""
    lines = [b"POST %b HTTP/1.1" % path, b"Host: test", JSON, *fields]
    lines += [b"Content-Length: %d" % len(body)] if length else []
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def request(method, path, *fields):
    """Write a request without a body."""
    return b"\r\n".join([b"%b %b HTTP/1.1" % (method, path), b"Host: test", *fields, b"", b""])


def connect(url, seconds=20):
    where = urlsplit(url)
    return socket.create_connection((where.hostname, where.port), timeout=seconds)


def ask(url, sent, seconds=20, *, head_only=False):
    """Send bytes on a connection of their own, and read one answer."""
    with connect(url, seconds) as connection:
        send(connection, sent)
        return read(connection, head_only=head_only)


def send(connection, sent):
    """Send, as far as the server takes it: it may close before it has all."""
    try:
        connection.sendall(sent)
    except (BrokenPipeError, ConnectionResetError):
        return False
    return True


def read(connection, *, head_only=False):
    """Read one answer, which has a length; None where the server closed without any."""
    received = b""
    while b"\r\n\r\n" not in received:
        if not (more := _receive(connection)):
            return None
        received += more
    head, _, content = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    fields = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in fields}
    length = 0 if head_only else int(headers.get("content-length", 0))
    while len(content) < length and (more := _receive(connection)):
        content += more
    closed = headers.get("connection") == "close" and not _receive(connection)
    return Answer(int(status.split()[1]), headers, content, closed)


def read_all(connection):
    """Read until the server closes."""
    received = b""
    while more := _receive(connection):
        received += more
    return received


def _receive(connection):
    try:
        return connection.recv(2**16)
    except ConnectionResetError:
        return b""
