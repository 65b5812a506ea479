"""How answers are read by somebody who forgives nothing, and which requests another parser sees."""

import re
import socket
import time

import h11

from tests import raw

# Nothing more comes: the server waits for the rest of a request.
SILENCE = 0.25
HEAD_END = b"\r\n\r\n"
LINE = re.compile(rb"HTTP/1\.1 (\d{3}) [ -~]+")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~]*)")
SPACES = re.compile(rb"\A([A-Z]+) +")
ALLOWED = {200, 400, 401, 403, 404, 405, 413, 415, 417, 429, 431, 503, 504}
CONTINUE = 100


def exchange(url, sent):
    """Send it in its pieces; what comes back until it ends, and whether a reset may have cut it."""
    received, reset = b"", False
    with raw.connect(url) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in sent.pieces:
            reset |= not raw.send(connection, piece)
            time.sleep(0.001)  # a piece of its own for the server as well
        connection.settimeout(SILENCE)
        try:
            while more := connection.recv(2**16):
                received += more
        except TimeoutError:
            pass
        except ConnectionResetError:
            reset = True
    return received, reset


def answers(received, *, reset=False):
    """Every answer in it, by the letter of HTTP; what a reset cut off does not count."""
    found = []
    while received:
        head, end, rest = received.partition(HEAD_END)
        if reset and not end:
            break
        assert end, f"a head that never ends: {received[:200]}"
        status, headers = _head(head)
        if status == CONTINUE:
            received = rest
            continue
        assert status in ALLOWED, (status, rest[:300])
        length = _length(headers, rest)
        if reset and len(rest) < length:
            break
        assert len(rest) >= length, f"{length} bytes are said, {len(rest)} came"
        content, received = rest[:length], rest[length:]
        found.append(raw.Answer(status, headers, content, closed=False))
    for answer in found:
        _is_one_of_ours(answer)
    return found


def _head(head):
    first, *lines = head.split(b"\r\n")
    line = LINE.fullmatch(first)
    assert line, first
    fields = [FIELD.fullmatch(each) for each in lines]
    assert all(fields), lines
    pairs = [
        (name.decode().lower(), value.decode()) for name, value in (f.groups() for f in fields)
    ]
    assert len(dict(pairs)) == len(pairs), f"a header twice: {pairs}"
    return int(line[1]), dict(pairs)


def _length(headers, rest):
    """None of our bodies begins as an answer does: where there is none, HEAD was asked."""
    length = int(headers["content-length"])
    return 0 if not rest or rest.startswith(b"HTTP/1.1 ") else length


def _is_one_of_ours(answer):
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch("[A-Za-z0-9._:-]{1,128}", answer.headers["x-request-id"])
    if answer.status_code not in {200, CONTINUE} and answer.content:
        raw.refused(answer, answer.status_code)


def seen(whole):
    """The request ids that h11 reads in these bytes, which knows nothing of our parser."""
    ids: list[bytes] = []
    while whole:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=2**20)
        # Empty lines before it are none of it; a space more is one (RFC 9112, 2.2 and 3).
        connection.receive_data(SPACES.sub(rb"\1 ", whole.lstrip(b"\r\n")))
        try:
            ids += _one(connection)
        except h11.RemoteProtocolError:
            break
        whole = connection.trailing_data[0] if _stays(connection) else b""
    return ids


def _one(connection):
    """Read a request to its end, or as far as it comes."""
    ids: list[bytes] = []
    while (event := connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
        if isinstance(event, h11.Request):
            ids = [value for name, value in event.headers if name == b"x-request-id"]
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed):
            break
    return ids


def _stays(connection):
    """Whether another request may follow, once this one is answered."""
    if connection.their_state is h11.SEND_BODY or connection.our_state is not h11.SEND_RESPONSE:
        return False
    connection.send(h11.Response(status_code=400, headers=[("Content-Length", "0")]))
    connection.send(h11.EndOfMessage())
    return connection.our_state is h11.DONE
