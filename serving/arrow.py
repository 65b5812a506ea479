"""Bodies as Arrow IPC streams: a column a field, for machines that send many rows at once."""

import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from typing import Annotated, Any

import pyarrow
from annotated_types import Len
from pyarrow import ipc
from pydantic import TypeAdapter, ValidationError

from models._contract import AnyContract
from serving import errors
from serving.errors import MOST_DETAILS, ApiError, Detail
from serving.swollen import TEXT_BYTES, is_flat, text_bytes
from serving.turns import Slices, let_go, parts_of

BROKEN = "The body is not a whole, valid Arrow IPC stream."
REPEATED = "Every column should have a name of its own."
COMPRESSED = "The buffers should not be compressed."
NESTED = "Every column should hold numbers, texts or truth values."
SWOLLEN = "The columns hold far more than the body has bytes."
MANY = "The body should have a column a field, and has far too many."

# Rows that are read or written in one turn of the event loop: some milliseconds of it. A stream may
# hold as many messages as it likes, and no row in any.
ROWS = 256
MESSAGES = 64
# Larger bodies wait for their turn before anything is done with them.
SMALL_BYTES = 2**16

Read = Callable[[bytes], Slices[list[Any]]]
Write = Callable[[list[Any], str, str], Slices[bytes]]
Row = dict[str, Any]


def reader_and_writer(contract: AnyContract, most_rows: int) -> tuple[Read, Write]:
    """Compile what `Wire` needs for one model."""
    return _reader(contract, most_rows), _writer(contract.NAME)


def _reader(contract: AnyContract, most_rows: int) -> Read:
    validate = TypeAdapter(list[contract.ROW]).validate_python  # type: ignore[name-defined]
    # With some too many it is read, to say what is wrong with it.
    most_columns = len(contract.ROW.model_fields) + MOST_DETAILS
    number = TypeAdapter(Annotated[list[Any], Len(1, most_rows)])

    def read(body: bytes) -> Slices[list[Any]]:
        parts: list[list[Any]] = []
        faults, count = _Faults(), 0
        for some in _rows(body, most_rows, most_columns):
            if not some:
                yield
                continue
            try:
                parts.append(validate(some))
            except ValidationError as error:
                faults.add(error, count)
            count += len(some)
        if faults.count or not 0 < count <= most_rows:
            yield from let_go(parts)
            raise _refusal(number, count, faults)
        return list(chain.from_iterable(parts))

    return read


def _writer(name: str) -> Write:
    def write(predictions: list[Any], version: str, request_id: str) -> Slices[bytes]:
        facts = {"model": name, "version": version, "request_id": request_id}
        tables = []
        for turn, some in enumerate(parts_of(predictions, ROWS)):
            if turn:
                yield
            tables.append(pyarrow.Table.from_pylist([each.model_dump() for each in some]))
        return _stream(tables, facts)

    return write


class _Faults:
    """What is wrong with rows that were validated a slice at a time, told as if all at once."""

    def __init__(self) -> None:
        self.first: list[Mapping[str, Any]] = []
        self.count = 0

    def add(self, error: ValidationError, start: int) -> None:
        """Take those of a slice whose first row is the body's row `start`."""
        self.count += error.error_count()
        for each in islice(errors.first(error), MOST_DETAILS - len(self.first)):
            index, *within = each["loc"]
            self.first.append({**each, "loc": ["rows", start + index, *within]})


def _refusal(number: TypeAdapter[list[Any]], count: int, faults: _Faults) -> ApiError:
    """Say what is wrong with the rows; where they are too many or none, that alone."""
    try:
        number.validate_python([None] * count)
    except ValidationError as error:
        return errors.invalid(error, "rows")
    return errors.invalid_from(faults.first, faults.count)


def _stream(tables: list[Any], facts: Mapping[str, str]) -> bytes:
    # A slice may have nothing in a column that has something in another: the types are merged.
    table = pyarrow.concat_tables(tables, promote_options="permissive").combine_chunks()
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema.with_metadata(facts)) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _rows(body: bytes, most_rows: int, most_columns: int) -> Iterator[list[Row]]:
    """Turn a stream into rows as they would stand in JSON, some at a time; none mean a pause.

    Raises:
        ApiError: 400, the body is no stream that can be read safely.
    """
    if len(body) > SMALL_BYTES:
        yield []
    try:
        yield from _refuse_compressed(body)
        with ipc.open_stream(body) as stream:
            _refuse_columns(stream.schema, most_columns)
            # One row too many is enough for the schema to say so.
            yield from _sliced(stream, most_rows + 1, max(len(body), TEXT_BYTES))
    except (pyarrow.ArrowException, struct.error, ArithmeticError, OSError, ValueError) as error:
        # ValueError: a name that is no UTF-8; ArithmeticError: a date beyond those of Python.
        raise _invalid(BROKEN) from error


def _sliced(stream: Any, most: int, room: int) -> Iterator[list[Row]]:
    """Read `most` rows, whose encoded texts have so many bytes; look at all batches."""
    count = 0
    for number, batch in enumerate(stream, 1):
        batch.validate(full=True)
        wanted = min(most - count, batch.num_rows)
        room -= sum(map(text_bytes, batch.slice(0, wanted).columns))
        if room < 0:
            raise _invalid(SWOLLEN)
        for start in range(0, wanted, ROWS):
            if count:
                yield []
            yield batch.slice(start, min(ROWS, wanted - start)).to_pylist()
            count += min(ROWS, wanted - start)
        if number % MESSAGES == 0:
            yield []


def _refuse_columns(schema: Any, most: int) -> None:
    if len(schema.names) > most:
        raise _invalid(MANY)
    if len(set(schema.names)) < len(schema.names):
        raise _invalid(REPEATED)
    if not all(map(is_flat, schema.types)):
        raise _invalid(NESTED)


def _refuse_compressed(body: bytes) -> Iterator[list[Row]]:
    """Refuse compressed buffers: eight megabytes of them can hold gigabytes."""
    for number, message in enumerate(_messages(body), 1):
        if message.type == "record batch" and _is_compressed(message.metadata.to_pybytes()):
            raise _invalid(COMPRESSED)
        if number % MESSAGES == 0:
            yield []


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
