"""Which rows a stored model has learned, so that it is never judged on them."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from train.part import Bools, Part

FILE = "learned.bin"
BYTES = 4
"""Of each row's sha256: among a million rows one in four thousand is taken for learned wrongly."""

Marks = npt.NDArray[np.uint32]


def marks(rows: Sequence[Any]) -> Marks:
    """Four bytes for each row: they tell a row again and tell nothing of it."""
    digests = (hashlib.sha256(row.model_dump_json().encode()).digest()[:BYTES] for row in rows)
    return np.frombuffer(b"".join(digests), dtype="<u4")


def written(*parts: Part) -> bytes:
    """The marks of these parts, each once, in rising order."""
    return np.unique(np.concatenate([marks(part.rows) for part in parts])).tobytes()


def unseen(part: Part, learned: bytes) -> Bools:
    """Whether each row is new to the model that wrote `learned`."""
    new: Bools = ~np.isin(marks(part.rows), np.frombuffer(learned, dtype="<u4"))
    return new
