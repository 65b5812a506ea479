"""One request and its answer: what inner layers leave for the outermost one."""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

from serving.errors import ApiError

_SANE = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


@dataclass(slots=True)
class Exchange:
    """The request's id, its rows once they are known, and the error that is its answer, if one is."""

    request_id: str
    rows: int = 0
    error: ApiError | None = None


current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def request_id_from(header: bytes | None) -> str:
    """Take the client's id if it is sane, else make one."""
    if header is not None and _SANE.fullmatch(header):
        return header.decode("ascii")
    return uuid4().hex


def leave(error: ApiError) -> None:
    """Leave an error for the front, which renders it whatever BentoML makes of it."""
    here = current.get()
    if here is not None:
        here.error = error
