"""HTTP/1.1 as uvicorn speaks it, with seven things mended.

A head may be as long as a client likes, and a long one keeps the event loop busy; so may what
follows a body. It may also name two hosts or none, no version, or a coding that nobody undoes, and
bring more headers behind its body. What is no HTTP is answered in a body of its own, and before the
requests that came before it. Who offers to upgrade the connection, as Java's client does with every
request, has the body of the request dropped. And when a connection is lost, the last of its
requests is told, not the one that is at work: it writes its answer to a connection that is no more.
"""

from collections.abc import Callable

import httptools
import uvicorn.config
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from serving import exchange
from serving.errors import ApiError
from serving.exchange import Exchange

# Of a request line with its headers, or of anything else that brings no body any further.
MOST_BYTES = 2**16
# How long a server that ends waits for the first request of a connection.
FIRST_S = 0.5

# Who is told of what was refused here: no layer above ever sees it.
_told: list[Callable[[Exchange], None]] = []

_REASONS = {400: b"Bad Request", 431: b"Request Header Fields Too Large"}


class Protocol(HttpToolsProtocol):
    """One connection."""

    _idle = 0  # bytes since the last head was complete or a piece of a body came
    _at_work: RequestResponseCycle | None = None  # the request that is being answered, or was last
    _last_words = b""  # a refusal, for when all requests before it are answered

    def connection_lost(self, exc: Exception | None) -> None:
        if self._at_work is not None and not self._at_work.response_complete:
            self._at_work.disconnected = True
            self._at_work.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._last_words:
            return
        self._unset_keepalive_if_required()
        self._idle += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse()
        else:
            if self._idle > MOST_BYTES:
                self._refuse()

    def on_headers_complete(self) -> None:
        if self._idle > MOST_BYTES and self._length() > MOST_BYTES:
            raise ValueError  # the parser's own error follows
        if not self._is_clear():
            raise ValueError
        self._idle = 0
        super().on_headers_complete()
        # The scope keeps the list. What comes behind the body is no header (RFC 9110, 6.5.1): a
        # proxy that checks headers has not looked at it.
        self.headers = [*self.headers]

    def on_body(self, body: bytes) -> None:
        self._idle = 0
        super().on_body(body)

    def shutdown(self) -> None:
        """Answer once who has just connected: the request is on its way."""
        if self._at_work is None:
            self.loop.call_later(FIRST_S, super().shutdown)
        else:
            super().shutdown()

    def on_response_complete(self) -> None:
        if self._last_words and not self.pipeline:
            self._part()
        super().on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._at_work = cycle
        super()._start_asgi_task(cycle, app)

    def _should_upgrade(self) -> bool:
        """Have uvicorn leave alone what `_go_on` will read again."""
        return True

    def _is_clear(self) -> bool:
        """Whether everybody reads it in the same way: one host, no coding but chunks (RFC 9112).

        The parser takes a request line without a version for HTTP/0.9, which has no headers.
        """
        names, version = [name for name, _ in self.headers], self.parser.get_http_version()
        hosts, coded = names.count(b"host"), b"transfer-encoding" in names
        if version == "1.1":
            return hosts == 1 and not (coded and self._is_coded_otherwise())
        return version == "1.0" and hosts <= 1 and not coded

    def _is_coded_otherwise(self) -> bool:
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        return any(each != b"chunked" for each in codings)

    def _length(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _go_on(self, rest: bytes) -> None:
        """Read the request again without its offer: a server may pass it over (RFC 9110, 7.8)."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            self._refuse()
            return
        fields = [b"%b: %b\r\n" % each for each in self.headers if each[0] != b"upgrade"]
        head = b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(fields))
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(head + rest)

    def _refuse(self) -> None:
        """Say what is wrong, and close: nobody knows where the next request would begin."""
        if self._last_words or self.transport.is_closing():
            return
        error = ApiError(400, "The request is no valid HTTP/1.1.")
        if self._idle > MOST_BYTES:
            text = f"The request's head is longer than {MOST_BYTES} bytes."
            error = ApiError(431, text, "head_too_large")
        here = exchange.of({})
        here.error = error
        self._last_words = _answer(error, here)
        if self._owes():
            # Read and drop what still comes: of what is not read the system tells the client, which
            # then loses the answers.
            self.flow.resume_reading()
        else:
            self._part()
        for tell in _told:
            tell(here)

    def _owes(self) -> bool:
        """Whether requests before the one that is refused still wait for their answers."""
        if self.pipeline and self.cycle.more_body:
            self.pipeline.popleft()  # This is the one.
        first = self._at_work
        return first is not None and not (first.response_complete or first.more_body)

    def _part(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self._last_words)
            self.transport.close()


def _answer(error: ApiError, here: Exchange) -> bytes:
    body = error.body(here.request_id)
    fields = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
        here.field,
    ]
    status = b"HTTP/1.1 %d %b\r\n" % (error.status, _REASONS[error.status])
    lines = [b"%b: %b\r\n" % field for field in fields]
    return b"%b%b\r\n%b" % (status, b"".join(lines), body)


def report_to(tell: Callable[[Exchange], None]) -> None:
    """From now on tell `tell`, and nobody else, of every request that is refused here."""
    _told[:] = [tell]


def speak() -> None:
    """Make every uvicorn server of this process that is made later speak so."""
    uvicorn.config.HTTP_PROTOCOLS["auto"] = f"{__name__}:{Protocol.__name__}"
