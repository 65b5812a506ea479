"""Structured logs: one JSON object a line on standard output, plain text on a terminal.

No input value is ever logged. Writing happens in a thread of its own: a reader that stalls, or a
disk that is full, costs log lines, which are counted, and never a prediction.
"""

import atexit
import logging
import os
import sys
import threading
import time
from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

WAITING = 20_000
PAUSE_SECONDS = 0.1


class Writer:
    """Takes events at once and writes them a little later, in order.

    Args:
        descriptor: Of an open file.
        waiting: Most events kept while the file takes none; later ones are dropped.
    """

    def __init__(self, descriptor: int, waiting: int = WAITING) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._render = _text if os.isatty(descriptor) else _json
        self._events: deque[EventDict] = deque()
        self._waiting = waiting
        self._writing = threading.Lock()
        threading.Thread(target=self._work, name="log", daemon=True).start()
        atexit.register(self.flush)

    def put(self, event: "EventDict") -> None:
        """Take one event; it is rendered when it is written."""
        if len(self._events) < self._waiting:
            self._events.append(event)
        else:
            self.dropped += 1

    def take_dropped(self) -> int:
        """Say how many events were lost since the last call."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def flush(self) -> None:
        """Write what waits now."""
        with self._writing:
            events = [self._events.popleft() for _ in range(len(self._events))]
            try:
                _write(self._descriptor, b"".join(map(self._render, events)))
            except OSError:
                self.dropped += len(events)

    def _work(self) -> None:
        while True:
            time.sleep(PAUSE_SECONDS)
            if self._events:
                self.flush()

    # structlog calls its logger's method by the level's name.
    debug = info = warning = error = critical = exception = put


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]


def _json(event: "EventDict") -> bytes:
    return orjson.dumps(_stamped(event), default=str, option=orjson.OPT_APPEND_NEWLINE)


_CONSOLE = structlog.dev.ConsoleRenderer()


def _text(event: "EventDict") -> bytes:
    return f"{_CONSOLE(None, '', _stamped(event))}\n".encode()


def _stamped(event: "EventDict") -> dict[str, Any]:
    at = datetime.fromtimestamp(event["timestamp"], UTC)
    return {"timestamp": at.isoformat(timespec="milliseconds")[:-6] + "Z", **_without(event)}


def _without(event: "EventDict") -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != "timestamp"}


def configure(level: str) -> Writer:
    """Send structlog's events to standard output, through a writer that is returned."""
    writer = Writer(sys.stdout.fileno())
    processors: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(),
        structlog.processors.format_exc_info,
        lambda _logger, _method, event: ((event,), {}),
    ]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    return writer
