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
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson
import structlog
from bentoml.exceptions import BentoMLException
from pydantic import ValidationError

from monitoring.trace import add_trace

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

WAITING = 20_000
PAUSE_SECONDS = 0.1
# How long a process that ends waits for its last lines to be written.
LAST_SECONDS = 1.0
# Rendering holds the interpreter, and writing lets go of it: others wait for so many at most.
SLICE = 64


class Writer:
    """Takes events at once and writes them a little later, in order.

    Args:
        descriptor: Of an open file.
        waiting: Most events kept while the file takes none; later ones are dropped.
        at_once: Write each event before `put` returns, without a thread: for a process that forks,
            or that may end at any time.
    """

    def __init__(self, descriptor: int, waiting: int = WAITING, *, at_once: bool = False) -> None:
        self.dropped = 0
        self._descriptor = descriptor
        self._render = _text if os.isatty(descriptor) else json_line
        self._events: deque[EventDict] = deque()
        self._begun = b""
        self._waiting = waiting
        # A signal may come while a line is written, and what handles it may log.
        self._writing = threading.RLock()
        self._ending = threading.Event()
        self._then: Callable[[], None] | None = self.flush if at_once else None
        if not at_once:
            threading.Thread(target=self._work, name="log", daemon=True).start()
        atexit.register(self.flush)

    def put(self, event: "EventDict") -> None:
        """Take one event; it is rendered when it is written."""
        if len(self._events) < self._waiting:
            self._events.append(event)
        else:
            self.dropped += 1
        if self._then is not None:
            self._then()

    def end(self) -> None:
        """From now on wait until each line is written: nobody knows which will be the last.

        uvicorn ends its process by a signal, at which nothing that waits is written any more.
        """
        self._ending.set()
        self._then = self._wait
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + LAST_SECONDS
        while self._events and time.monotonic() < until:
            time.sleep(0.001)
        # What was taken may still be on its way.
        if self._writing.acquire(timeout=LAST_SECONDS):
            self._writing.release()

    def take_dropped(self) -> int:
        """Say how many events were lost since the last call."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def flush(self) -> None:
        """Write what waits now."""
        with self._writing:
            left = len(self._events)
            while left:
                events = [self._events.popleft() for _ in range(min(left, SLICE))]
                left -= len(events)
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
            # An event that is set makes no pause at all.
            if self._ending.wait(PAUSE_SECONDS):
                time.sleep(0.001)
            if self._events:
                self._flush_whatever_happens()

    def _flush_whatever_happens(self) -> None:
        """An event that can not be rendered must not end the log."""
        try:
            self.flush()
        except Exception:
            self.dropped += 1

    # structlog calls its logger's method by the level's name.
    debug = info = warning = error = critical = exception = put


def _write(descriptor: int, content: bytes) -> int:
    """Write as much as the file takes; say how many bytes that was."""
    taken = 0
    with suppress(OSError):
        while taken < len(content):
            taken += os.write(descriptor, content[taken:])
    return taken


def json_line(event: "EventDict") -> bytes:
    stamped = _stamped(event)
    try:
        return orjson.dumps(stamped, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # Half a surrogate pair, or a number beyond 64 bits: slower, but it must not end the log.
        return f"{json.dumps(stamped, default=str)}\n".encode()


_CONSOLE = structlog.dev.ConsoleRenderer()


def _text(event: "EventDict") -> bytes:
    return f"{_CONSOLE(None, '', _stamped(event))}\n".encode()


def _stamped(event: "EventDict") -> "EventDict":
    at = event["timestamp"]
    second = int(at)
    # Assigned anew a key keeps its place, and a reader wants the time first.
    stamped = {"timestamp": "", **event}
    stamped["timestamp"] = f"{_text_of(second)}.{int((at - second) * 1e3):03}Z"
    return stamped


@lru_cache(maxsize=4)
def _text_of(second: int) -> str:
    """The same for all the events of a second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def configure(level: str, *, at_once: bool = False) -> Writer:
    """Send structlog's events to standard output, through a writer that is returned."""
    writer = Writer(sys.stdout.fileno(), at_once=at_once)
    processors: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(),
        add_trace,
        lambda _logger, _method, event: ((event,), {}),
    ]
    # With a handler anywhere above it this one would write a line of its own for every request.
    logging.getLogger("uvicorn.access").propagate = False
    _take_over(("asyncio", "bentoml", "circus", "uvicorn.error"), _Handler(writer), level)
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
            event = add_trace(None, "", {**event, "exc_info": record.exc_info})
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
