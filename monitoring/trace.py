"""Where an error came from, without what it said: its text may hold what a client sent."""

import sys
import traceback

from structlog.typing import EventDict, WrappedLogger

# What these say comes from the system and from our own files. Errors of ours may be `harmless` too.
HARMLESS = (ImportError, OSError)
HIDDEN = "[its text is not logged: it may hold what was sent]"


def trace(error: BaseException) -> str:
    """The frames of an error and of its causes, as Python writes them, with the errors' names."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    earlier = f"{trace(before)}\n" if before is not None else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    harmless = isinstance(error, HARMLESS) or getattr(type(error), "harmless", False)
    text = str(error) if harmless else HIDDEN
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    return f"{earlier}Traceback (most recent call last):\n{frames}{kind}: {text}\n"


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """For structlog: turn an event's `exc_info` into its `exception`."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = trace(error)
    return event
