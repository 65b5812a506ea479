"""One kept-alive HTTP connection, and how long an answer on it takes."""

import http.client
import time
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from clients.request import HEADERS


class NoAnswerError(Exception):
    """The connection was refused, was broken, or was silent for too long."""


def address(text: str) -> SplitResult:
    """Read a service's address; `host:port` will do.

    Raises:
        ValueError: it is none.
    """
    url = urlsplit(text if "://" in text else f"http://{text}")
    # A port that is none raises by itself.
    if url.scheme not in {"http", "https"} or not url.hostname or url.port == 0:
        msg = "not an http or https address"
        raise ValueError(msg)
    return url


class Connection:
    """See the module; a connection that the server closed is opened again, and counted."""

    def __init__(
        self, url: SplitResult, timeout: float, headers: Mapping[str, str] = HEADERS
    ) -> None:
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(url.hostname or "", url.port, timeout=timeout)
        self._prefix = url.path.rstrip("/")
        self._headers = headers
        self.opened = 0

    def open(self) -> None:
        """Connect, unless connected.

        Raises:
            NoAnswerError: nothing listens there.
        """
        if self._connection.sock is not None:
            return
        try:
            self._connection.connect()
        except OSError as error:
            raise NoAnswerError(type(error).__name__) from error
        self.opened += 1

    def post(self, path: str, body: bytes) -> tuple[int, bytes, float]:
        """Give status, body, and milliseconds from the first byte sent to the last one received.

        Raises:
            NoAnswerError: there was none.
        """
        self.open()
        started = time.perf_counter_ns()
        try:
            self._connection.request("POST", self._prefix + path, body, self._headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswerError(type(error).__name__) from error
        return response.status, content, (time.perf_counter_ns() - started) / 1e6

    def close(self) -> None:
        self._connection.close()
