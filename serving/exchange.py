"""One request and its answer: what inner layers leave for the outermost one."""

import re
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from random import Random

from serving.errors import ApiError

# An id must be new, not secret, and asking the system for each costs as much as reading the body.
_numbers = Random()  # noqa: S311

_SANE = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


@dataclass(slots=True)
class Exchange:
    """What is known of the request, and the error that answers it, if any.

    `timeout` is in seconds after `started`; None leaves it to the service's own. `waited` are the
    seconds in the queue, and `batch_rows` says how many rows were predicted at once; 0 where
    nothing was. `version` is the model's that answered, or was to. `held` are the bytes of a large
    body that have taken room. `ended` says that the answer is complete, so that the connection's
    next request may be read.
    """

    headers: Mapping[bytes, bytes]
    request_id: str
    started: float
    key: str | None = None
    timeout: float | None = None
    rows: int = 0
    body: bytes = b""
    error: ApiError | None = None
    waited: float = 0.0
    batch_rows: int = 0
    version: str = ""
    held: int = 0
    ended: bool = True

    @property
    def field(self) -> tuple[bytes, bytes]:
        """The header that names the request."""
        return (b"x-request-id", self.request_id.encode())


current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def of(headers: Mapping[bytes, bytes]) -> Exchange:
    """Begin one, with the client's id if it is sane."""
    return Exchange(headers, request_id_from(headers.get(b"x-request-id")), time.perf_counter())


def request_id_from(header: bytes | None) -> str:
    """Take the client's id if it is sane, else make one."""
    if header is not None and _SANE.fullmatch(header):
        return header.decode("ascii")
    return f"{_numbers.getrandbits(128):032x}"


def leave(error: ApiError) -> None:
    """Leave an error for the front, which renders it whatever BentoML makes of it."""
    here = current.get()
    if here is not None:
        here.error = error
