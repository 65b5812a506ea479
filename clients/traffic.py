"""Traffic that goes on while something happens to a service, and what became of each request."""

import http.client
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult

NO_ANSWER = 0
TIMEOUT_SECONDS = 30.0
# A socket closed in this way sends a reset instead of a good-bye.
_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Ask:
    """One request, as often as it is sent."""

    path: str
    body: bytes
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)

    def raw(self, host: str) -> bytes:
        """Say it as it goes over the wire."""
        fields = [("Host", host), *self.headers, ("Content-Length", str(len(self.body)))]
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        return f"{self.method} {self.path} HTTP/1.1\r\n{head}\r\n".encode() + self.body


@dataclass
class Tally:
    """What became of the requests: counts by status, by second, and the refusals' headers."""

    statuses: Counter[int] = field(default_factory=Counter)
    by_second: Counter[tuple[int, int]] = field(default_factory=Counter)
    slowest: float = 0.0
    refused_without_retry: int = 0
    left: int = 0

    def count(self, status: int, seconds: float, retry_after: str | None) -> None:
        self.statuses[status] += 1
        self.by_second[int(time.monotonic()), status] += 1
        self.slowest = max(self.slowest, seconds)
        self.refused_without_retry += status == 503 and retry_after is None  # noqa: PLR2004

    def since(self, moment: float) -> Counter[int]:
        """Count the statuses of answers that came after the second of `moment`."""
        found: Counter[int] = Counter()
        for (second, status), count in self.by_second.items():
            if second > moment:
                found[status] += count
        return found


class Traffic:
    """Asks from several threads while it is entered.

    Args:
        url: Of the service.
        asks: Sent in turn, each client beginning elsewhere.
        clients: Threads, each with one kept-alive connection and one request at a time.
        leavers: Further threads, whose clients close their connection before the answer: in the
            head, in the body, or while the model works.
        pause: Seconds between two requests of a client.
    """

    def __init__(
        self,
        url: SplitResult,
        asks: Sequence[Ask],
        *,
        clients: int = 8,
        leavers: int = 0,
        pause: float = 0.0,
    ) -> None:
        self.tally = Tally()
        self._address = (url.hostname or "", url.port or 80)
        self._asks = asks
        self._pause = pause
        self._over = threading.Event()
        self._counting = threading.Lock()
        works = [self._ask] * clients + [self._leave] * leavers
        self._threads = [
            threading.Thread(target=work, args=(number,), daemon=True)
            for number, work in enumerate(works)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(TIMEOUT_SECONDS + 1)

    def _ask(self, number: int) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=TIMEOUT_SECONDS)
        while not self._over.wait(self._pause):
            number += 1
            ask = self._asks[number % len(self._asks)]
            started = time.perf_counter()
            status, retry_after = _answer(connection, ask)
            with self._counting:
                self.tally.count(status, time.perf_counter() - started, retry_after)
            if status == NO_ANSWER:
                connection.close()
                self._over.wait(0.05)
        connection.close()

    def _leave(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - no secret
        host = f"{self._address[0]}:{self._address[1]}"
        while not self._over.wait(self._pause):
            raw = chance.choice(self._asks).raw(host)
            sent = raw[: chance.choice((20, len(raw) // 2, len(raw)))]
            with suppress(OSError), socket.create_connection(self._address, 5) as connection:
                connection.sendall(sent)
                time.sleep(chance.random() * 0.02)
                if chance.random() < 0.5:  # noqa: PLR2004 - half of them slam the door
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with self._counting:
                self.tally.left += 1


def _answer(connection: http.client.HTTPConnection, ask: Ask) -> tuple[int, str | None]:
    try:
        connection.request(ask.method, ask.path, ask.body, dict(ask.headers))
        response = connection.getresponse()
        response.read()
    except (OSError, http.client.HTTPException):
        return NO_ANSWER, None
    return response.status, response.getheader("Retry-After")
