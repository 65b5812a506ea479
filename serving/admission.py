"""Whether a request is let in at all: before its body is read, and at little cost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from serving import errors
from serving.errors import ApiError
from serving.keys import Keyring

# Zeros before a number are none of it, however many: `int` takes 4,300 digits at most.
_MILLISECONDS = re.compile(rb"0*([1-9][0-9]{0,8})")
MOST_MILLISECONDS = 999_999_999

# Probes must be able to ask, whoever they are.
ALWAYS_OPEN = frozenset(("/livez", "/readyz", "/healthz", "/health", "/ready"))


@dataclass(eq=False)
class Admission:
    """The door.

    Args:
        keyring: Who may come; None: all.
        protect_all: Whether a key is needed for more than predictions; probes are always open.
        most_in_flight: Prediction requests answered at the same time.
        to_the_end: Whether a stopping worker still answers what comes.
    """

    keyring: Keyring | None
    protect_all: bool
    most_in_flight: int
    to_the_end: bool = False
    in_flight: int = 0

    def admit(self, headers: Mapping[bytes, bytes], model: str) -> str | None:
        """Let a prediction request in; return the name of its key.

        Raises:
            ApiError: 401, 403, 429, or 503 when the service is full.
        """
        if self.in_flight >= self.most_in_flight:
            msg = f"{self.in_flight} requests are being answered already; try again later."
            raise errors.overloaded(msg)
        return self.keyring.admit(headers, model) if self.keyring else None

    def admit_reload(self, headers: Mapping[bytes, bytes], model: str) -> str:
        """Let in who may make the service look for a newer model.

        Raises:
            ApiError: 401, 403 or 429; 403 as well where there are no keys.
        """
        if self.keyring is None:
            msg = "Reloading over HTTP needs API keys; without them send SIGHUP to the service."
            raise ApiError(403, msg)
        return self.keyring.admit(headers, model, reload=True)

    def admit_other(self, headers: Mapping[bytes, bytes], path: str) -> str | None:
        """Do the same for every other route.

        Raises:
            ApiError: 401 or 429.
        """
        if self.keyring and self.protect_all and path not in ALWAYS_OPEN:
            return self.keyring.admit(headers, None)
        return None


def timeout_of(headers: Mapping[bytes, bytes], most: float) -> float:
    """Seconds that the client waits: `X-Request-Timeout-Ms`, at most `most`, which is the default.

    Raises:
        ApiError: 400 for what is no whole number of milliseconds.
    """
    given = headers.get(b"x-request-timeout-ms")
    if given is None:
        return most
    found = _MILLISECONDS.fullmatch(given)
    if not found:
        msg = "X-Request-Timeout-Ms should be a whole number of milliseconds, 1 or more."
        raise ApiError(400, msg)
    return min(int(found[1]) / 1e3, most)
