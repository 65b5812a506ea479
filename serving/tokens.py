"""How much JSON may stand in one body.

A parser takes many times the bytes of the smallest values to hold them: a body of 8 MiB in which
every three bytes are a list of their own takes half a gigabyte and seconds. What is asked of a
model is known in advance, so what can not be that is refused before anybody parses it.
"""

import re
from itertools import islice

import numpy as np
from pydantic import BaseModel

from models._contract import MAX_ROWS
from serving.errors import ApiError, Detail

# Smaller bodies can not hold much, whatever they hold.
SMALL_BYTES = 2**16
# A body with some rows or fields too many is read, to say what is wrong with it.
SLACK = 4
# What a row of nested fields may hold its schema does not tell.
LEAST = 2**18

_OPENING = [ord(each) for each in "[{,"]
# What begins a list, an object or one more value of them; and texts, whatever they hold. A text
# may be without an end: looking for one from every quote would take for ever.
_TOKEN = re.compile(rb'[\[{,]|"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def most(row: type[BaseModel]) -> int:
    """Tell how many lists, objects, commas and texts a body of such rows is let to have."""
    return max(LEAST, SLACK * MAX_ROWS * (3 * len(row.model_fields) + 2))


def refuse_more(body: bytes, most: int) -> None:
    """Refuse a body that has more; in a small one nothing is counted.

    Raises:
        ApiError: 400.
    """
    if len(body) > SMALL_BYTES and _may_have_more(body, most) and _has_more(body, most):
        text = f"The body should have at most {MAX_ROWS} rows, and has far too many values"
        raise ApiError(400, text, detail=[Detail(("rows",), text, "too_long")])


def _may_have_more(body: bytes, most: int) -> bool:
    # Texts are told from the rest only where that matters: numpy counts ten times as fast.
    seen = np.frombuffer(body, np.uint8)
    return sum(int(np.count_nonzero(seen == each)) for each in _OPENING) > most


def _has_more(body: bytes, most: int) -> bool:
    return next(islice(_TOKEN.finditer(body), most, None), None) is not None
