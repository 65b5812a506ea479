"""Columns of an Arrow stream that take many times their bytes when they are read.

The rows of a dictionary, or of views, may all be one long text; and a list of nulls has any length
without a byte. So the first two are counted before they are read, and what is nested, which no
field is, is not read at all.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow
from pyarrow import compute, types

# Encoded texts of a body together, where the body itself is not longer.
TEXT_BYTES = 2**25

_PLAIN = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
_VIEWS = (types.is_string_view, types.is_binary_view)


def is_flat(kind: Any) -> bool:
    """Whether a column of this type has a number, a text or a truth value a row."""
    if types.is_dictionary(kind):
        return not types.is_dictionary(kind.value_type) and is_flat(kind.value_type)
    known = (*_PLAIN, *_VIEWS, types.is_null, types.is_fixed_size_binary, types.is_primitive)
    return any(each(kind) for each in known) or types.is_decimal(kind)


def text_bytes(column: Any) -> int:
    """Count the bytes of a flat column's texts when each row has its own; plain ones are few."""
    if types.is_dictionary(column.type):
        places = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
        # Without a value every row is null.
        lengths = _lengths(column.dictionary)
        return int(lengths[places].sum()) if len(lengths) else 0
    return int(_lengths(column).sum()) if _any(_VIEWS, column.type) else 0


def _lengths(column: Any) -> npt.NDArray[np.int64]:
    if not len(column):
        return np.zeros(0, np.int64)
    if _any(_VIEWS, column.type):
        # A view has sixteen bytes; the first four are its text's length.
        views = np.frombuffer(column.buffers()[1], np.int32)[::4]
        return views[column.offset : column.offset + len(column)].astype(np.int64)
    if _any(_PLAIN, column.type):
        lengths = compute.binary_length(column).cast(pyarrow.int64()).fill_null(0)
        found: npt.NDArray[np.int64] = lengths.to_numpy(zero_copy_only=False)
        return found
    width = column.type.byte_width if types.is_fixed_size_binary(column.type) else 0
    return np.full(len(column), width, np.int64)


def _any(kinds: Any, kind: Any) -> bool:
    return any(each(kind) for each in kinds)
