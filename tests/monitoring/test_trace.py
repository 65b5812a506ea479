"""What the log tells of an error: where, and not what it said."""

import pytest

from monitoring.trace import HIDDEN, add_trace, trace

SENT = "a value that somebody sent"


def throw(error):
    raise error


def failing(error, cause=None):
    """The error as it is caught, raised because of its cause."""
    try:
        try:
            throw(cause or error)
        except Exception as first:
            raise error from (first if cause else None)
    except Exception as caught:
        return caught


def test_the_frames_and_the_kind_are_told_but_not_the_text():
    told = trace(failing(ValueError(SENT)))
    assert "in throw" in told
    assert f"builtins.ValueError: {HIDDEN}" in told
    assert SENT not in told


def test_the_causes_are_told_first_and_as_silently():
    told = trace(failing(RuntimeError(SENT), cause=KeyError(SENT)))
    assert told.index("KeyError") < told.index("RuntimeError")
    assert SENT not in told


def test_what_the_system_says_is_told():
    assert "No space left" in trace(failing(OSError(28, "No space left on device")))


@pytest.mark.parametrize("form", ["error", "tuple", "true"])
def test_an_event_may_bring_its_error_in_any_form_of_logging(form):
    error = failing(ValueError(SENT))
    given = {"error": error, "tuple": (type(error), error, error.__traceback__), "true": True}[form]
    try:
        raise error
    except ValueError:
        event = add_trace(None, "error", {"event": "x", "exc_info": given})
    assert "ValueError" in event["exception"]
    assert "exc_info" not in event


def test_an_event_without_an_error_stays_as_it_is():
    assert add_trace(None, "info", {"event": "x", "exc_info": None}) == {"event": "x"}
