"""Structured logs: one JSON object a line on standard output, plain text on a terminal.

No input value is ever logged. Writing happens in a thread of its own: a reader that stalls, or a
disk that is full, costs log lines, which are counted, and never a prediction.
"""

import atexit
import json
import logging
import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from bentoml.exceptions import BentoMLException
from pydantic import ValidationError

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
        self._begun = b""
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
            content = self._begun + b"".join(map(self._render, events))
            self._lose(content, _write(self._descriptor, content))

    def _lose(self, content: bytes, taken: int) -> None:
        """Count the lines that the file did not take; one that it took in part is kept, to end it.

        Otherwise the first line after a full disk would stand behind half of another.
        """
        left = content[taken:]
        torn = left and (
            content[taken - 1 : taken] not in {b"", b"\n"} or (not taken and self._begun)
        )
        self._begun = left[: left.find(b"\n") + 1] if torn else b""
        self.dropped += left.count(b"\n") - bool(torn)

    def _work(self) -> None:
        while True:
            time.sleep(PAUSE_SECONDS)
            if self._events:
                self.flush()

    # structlog calls its logger's method by the level's name.
    debug = info = warning = error = critical = exception = put


def _write(descriptor: int, content: bytes) -> int:
    """Write as much as the file takes; say how many bytes that was."""
    taken = 0
    with suppress(OSError):
        while taken < len(content):
            taken += os.write(descriptor, content[taken:])
    return taken


def _json(event: "EventDict") -> bytes:
    stamped = _stamped(event)
    try:
        return orjson.dumps(stamped, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Half a surrogate pair, or a number beyond 64 bits: slower, but it must not end the log.
        return f"{json.dumps(stamped, default=str)}\n".encode()


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
    # Not uvicorn.access: with a handler it would write a line of its own for every request.
    _take_over(("bentoml", "uvicorn.error", "circus"), _Handler(writer), level)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    return writer


class _Handler(logging.Handler):
    """Brings the standard library's log records into the same form."""

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        if _is_told_already(record):
            return
        event: EventDict = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": record.created,
        }
        if record.exc_info:
            event["exception"] = "".join(traceback.format_exception(*record.exc_info))
        self._writer.put(event)


def _is_told_already(record: logging.LogRecord) -> bool:
    """BentoML logs a trace for every request that it refuses, with what the client sent in it."""
    error = record.exc_info[1] if record.exc_info else None
    return isinstance(error, (BentoMLException, ValidationError))


def _take_over(names: Sequence[str], handler: logging.Handler, level: str) -> None:
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)
    for name, known in logging.root.manager.loggerDict.items():
        if isinstance(known, logging.Logger) and name.startswith(tuple(f"{n}." for n in names)):
            known.handlers = []
            known.propagate = True
