"""Requests that are nearly right, as bytes: built wrongly, then cut, patched and torn apart."""

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

from tests import raw

FIRST, INSIDE, MARKER = b"first", b"inside", b"marker"
# Whose answer ends the connection, so that nobody has to wait for what does not come.
END = raw.request(b"GET", b"/livez", b"X-Request-ID: " + MARKER, b"Connection: close")
HIDDEN = raw.request(b"GET", b"/livez", b"X-Request-ID: " + INSIDE)

METHODS = [b"POST"] * 20 + [b"GET", b"HEAD", b"OPTIONS", b"PUT", b"CONNECT", b"post", b"PRI", b""]
TARGETS = [b"/sentiment/predict"] * 20 + [
    b"/loan_default/predict?a=b#c",
    b"/models",
    b"/livez",
    b"/readyz",
    b"/models/sentiment/reload",
    b"/models/sentiment/feedback",
    b"/nope%00%zz\xff",
    b"http://elsewhere/livez",
    b"//elsewhere/livez",
    b"elsewhere:443",
    b"*",
    b"",
]
VERSIONS = [b"HTTP/1.1"] * 20 + [b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.10", b"http/1.1"]
KINDS = [b"application/json"] * 10 + [b"text/plain", b"application/json; charset=\xff", b""]
BODIES = [raw.BODY] * 3 + [b"", HIDDEN, raw.BODY + HIDDEN, b'{"rows": []}', b"\xff\xfe\x00"]
ODD_FIELDS = [
    b"Expect: 100-continue",
    b"Expect: nothing",
    b"Connection: close",
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__",
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13",
    b"Connection: content-length, transfer-encoding",
    b"Content-Encoding: gzip",
    b"Trailer: Content-Length",
    b"TE: trailers",
    b"Origin: https://shop.example\r\nAccess-Control-Request-Method: POST",
    b"Origin: null",
    b"X-Request-Timeout-Ms: 1",
    b"X-Request-Timeout-Ms: \xb2",
    b"X-Request-ID: again",
    b"X-API-Key: \xe9",
    b"Host: another",
    b"Folded: a\r\n b",
    b"No colon",
    b": no name",
    b"Space : before",
    b"\x00: a",
    b"Bare: a\rb",
    b"Long: " + b"a" * 70_000,
]
# What parsers disagree about. None is the right length of the body.
LENGTHS = [*[None] * 16, b"0", b"5", b"-1", b"+5", b"0x1c", b"28, 28", b"5 5", b"\xb2"]
LENGTHS += [b"9" * 30, b"000000028", b"", b"65536"]
CODINGS = [
    b"chunked",
    b"Chunked",
    b"xchunked",
    b"chunked, identity",
    b"gzip, chunked",
    b"\x0bchunked",
]
CODINGS += [b"chunked\r\nTransfer-Encoding: chunked", b"identity", b'"chunked"', b""]
CHUNK_LINES = [b"%x"] * 20 + [
    b"%x",
    b"%x",
    b"%x",
    b"%x;a=b",
    b"%x;\n",
    b"0%x",
    b"+%x",
    b"0x%x",
    b"%x ",
    b" %x",
    b"-%x",
]
ENDS = [b"0\r\n\r\n"] * 16 + [b"", b"0\r\n", b"0\r\nA: b\r\n\r\n", b"0\n\n", b"00\r\n\r\n"]
ENDS += [b"0\r\nContent-Length: 5\r\n\r\n", b"0\r\nbad\x00\r\n\r\n"]
TOKENS = [b"\x00", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b" ", b"\t", b"\x0b", b":", b",", b";", b"0"]
TOKENS += [b"\x7f", b"\x80", b"\xff", b"\xc0\xaf", b"\xf0\x9f\x92\xa9", b"Content-Length: 1\r\n"]
TOKENS += [b"Transfer-Encoding: chunked\r\n", b"%", b'"', b"{", b"f" * 20, HIDDEN]


@dataclass(frozen=True)
class Sent:
    """What one connection brings, in the pieces in which it comes."""

    pieces: tuple[bytes, ...]

    @property
    def whole(self):
        return b"".join(self.pieces)


def _chunked(draw, body):
    """The body in chunks, their lines and the last of them now and then not as they should be."""
    written, rest = b"", body
    while rest:
        size = draw(st.integers(1, len(rest)))
        line = draw(st.sampled_from(CHUNK_LINES)) % (size + draw(st.sampled_from([0] * 20 + [1])))
        written, rest = written + line + b"\r\n" + rest[:size] + b"\r\n", rest[size:]
    return written + draw(st.sampled_from(ENDS))


@st.composite
def requests(draw):
    """One request: in most parts right, in a few of them not."""
    body = draw(st.sampled_from(BODIES))
    fields = [b"Host: test", b"X-Request-ID: " + FIRST]
    fields.append(b"Content-Type: " + draw(st.sampled_from(KINDS)))
    fields += draw(st.sampled_from([[], [], [draw(st.sampled_from(ODD_FIELDS))]]))
    framing = draw(st.sampled_from(["length"] * 3 + ["chunks"] * 3 + ["both", "two", "none"]))
    if framing in {"length", "both", "two"}:
        length = draw(st.sampled_from(LENGTHS))
        fields.append(b"Content-Length: " + (b"%d" % len(body) if length is None else length))
    if framing == "two":
        fields.append(b"Content-Length: %d" % draw(st.sampled_from([len(body), 0, 5])))
    if framing in {"chunks", "both"}:
        fields.append(b"Transfer-Encoding: " + draw(st.sampled_from(CODINGS)))
        body = _chunked(draw, body)
    line = [draw(st.sampled_from(each)) for each in (METHODS, TARGETS, VERSIONS)]
    return b"\r\n".join([b" ".join(line), *draw(st.permutations(fields)), b"", body])


def _edit(draw, written):
    """Insert, overwrite, leave out, repeat or cut off, somewhere."""
    at = draw(st.integers(0, len(written)))
    size = draw(st.integers(1, 12))
    token = draw(st.sampled_from(TOKENS) | st.binary(min_size=1, max_size=6))
    kinds = {
        "insert": written[:at] + token + written[at:],
        "overwrite": written[:at] + token + written[at + len(token) :],
        "leave out": written[:at] + written[at + size :],
        "repeat": written[:at] + written[at : at + size] * 2 + written[at + size :],
        "cut off": written[:at],
    }
    return kinds[draw(st.sampled_from([*kinds]))]


@st.composite
def connections(draw):
    """A request, wrong in its parts, in its bytes or in both; another that is right behind it."""
    written = draw(requests() | st.just(raw.post(raw.BODY, b"X-Request-ID: " + FIRST)))
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 3]))):
        written = _edit(draw, written)
    whole = written + draw(st.sampled_from([END, END, END, b""]))
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=3)))
    bounds = [0, *cuts, len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(bounds)]
    return Sent(tuple(piece for piece in pieces if piece))
