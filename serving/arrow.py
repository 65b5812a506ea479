"""Bodies as Arrow IPC streams: a column a field, for machines that send many rows at once."""

import struct
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pyarrow
from annotated_types import Len
from pyarrow import ipc
from pydantic import TypeAdapter, ValidationError

from models._contract import AnyContract
from serving import errors
from serving.errors import ApiError, Detail

BROKEN = "The body is not a whole, valid Arrow IPC stream."
REPEATED = "Every column should have a name of its own."
COMPRESSED = "The buffers should not be compressed."

Read = Callable[[bytes], list[Any]]
Write = Callable[[list[Any], str, str], bytes]


def reader_and_writer(contract: AnyContract, most_rows: int) -> tuple[Read, Write]:
    """Compile what `Wire` needs for one model."""
    row_type: Any = contract.ROW
    rows_type = TypeAdapter(Annotated[list[row_type], Len(1, most_rows)])
    name = contract.NAME

    def read(body: bytes) -> list[Any]:
        try:
            return rows_type.validate_python(_rows(body, most_rows))
        except ValidationError as error:
            raise errors.invalid(error, "rows") from None

    def write(predictions: list[Any], version: str, request_id: str) -> bytes:
        table = pyarrow.Table.from_pylist([each.model_dump() for each in predictions])
        facts = {"model": name, "version": version, "request_id": request_id}
        sink = pyarrow.BufferOutputStream()
        with ipc.new_stream(sink, table.schema.with_metadata(facts)) as stream:
            stream.write_table(table)
        return bytes(sink.getvalue())

    return read, write


def _rows(body: bytes, most_rows: int) -> list[dict[str, Any]]:
    """Turn a stream into rows as they would stand in JSON.

    Raises:
        ApiError: 400, the body is no stream that can be read safely.
    """
    try:
        _refuse_compressed(body)
        rows: list[dict[str, Any]] = []
        with ipc.open_stream(body) as stream:
            _refuse_repeated(stream.schema.names)
            for batch in stream:
                batch.validate(full=True)
                # One row too many is enough for the schema to say so.
                rows += batch.slice(0, most_rows + 1 - len(rows)).to_pylist()
    except (pyarrow.ArrowException, struct.error, ArithmeticError, OSError, ValueError) as error:
        # ValueError: a name that is no UTF-8; ArithmeticError: a date beyond those of Python.
        raise _invalid(BROKEN) from error
    return rows


def _refuse_repeated(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise _invalid(REPEATED)


def _refuse_compressed(body: bytes) -> None:
    """Refuse compressed buffers: eight megabytes of them can hold gigabytes."""
    for message in _messages(body):
        if message.type == "record batch" and _is_compressed(message.metadata.to_pybytes()):
            raise _invalid(COMPRESSED)


def _messages(body: bytes) -> Iterator[Any]:
    reader = ipc.MessageReader.open_stream(pyarrow.BufferReader(body))
    while True:
        try:
            yield reader.read_next_message()
        except StopIteration:
            return


def _is_compressed(metadata: bytes) -> bool:
    """Look whether a record batch's header has the field `compression`.

    The header is a flatbuffer; the field numbers are those of `Message.fbs` of Apache Arrow:
    a message holds its header as field 2, and a record batch its compression as field 3.
    """
    message = struct.unpack_from("<I", metadata, 0)[0]
    at = message + _field(metadata, message, 2)
    header = at + struct.unpack_from("<I", metadata, at)[0]
    return _field(metadata, header, 3) != 0


def _field(buffer: bytes, table: int, number: int) -> int:
    """Give where a table's field lies, from the table's start; 0 where it has none."""
    vtable = table - struct.unpack_from("<i", buffer, table)[0]
    size = struct.unpack_from("<H", buffer, vtable)[0]
    place = 4 + 2 * number
    offset: int = struct.unpack_from("<H", buffer, vtable + place)[0] if place < size else 0
    return offset


def _invalid(text: str) -> ApiError:
    return ApiError(400, text, detail=[Detail((), text, "arrow_invalid")])
