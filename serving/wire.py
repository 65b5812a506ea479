"""The forms a body may have: JSON for all, and where pyarrow is installed, Arrow's stream.

Both hold the same rows, are validated by the same schema and refused in the same words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from pydantic import TypeAdapter, ValidationError

from models._contract import AnyContract, Rows
from serving import errors, repeated, tokens
from serving.errors import ApiError
from serving.turns import Slices, at_once

JSON = b"application/json"
ARROW = b"application/vnd.apache.arrow.stream"


@dataclass(frozen=True)
class Wire:
    """One form, compiled for one model.

    `read` gives the rows of a body, or raises a 400; `write` takes predictions, version and id.
    `sliced` does the same where bodies may be large: a slice a turn of the event loop.
    """

    media_type: bytes
    read: Callable[[bytes], list[Any]]
    write: Callable[[list[Any], str, str], bytes]
    sliced: "Sliced | None" = None


@dataclass(frozen=True)
class Sliced:
    """`read` and `write` of a form, as slices."""

    read: Callable[[bytes], Slices[list[Any]]]
    write: Callable[[list[Any], str, str], Slices[bytes]]


def wires(contract: AnyContract, *, arrow_rows: int) -> dict[bytes, Wire]:
    """Compile each form that this installation knows; without `arrow_rows`, JSON alone."""
    known = {JSON: _json(contract)}
    if most_arrow_rows(arrow_rows):
        from serving import arrow

        known[ARROW] = _sliced(ARROW, Sliced(*arrow.reader_and_writer(contract, arrow_rows)))
    return known


def most_arrow_rows(most: int) -> int:
    """Give the most rows that an Arrow body may hold here: none where pyarrow is missing."""
    return most if find_spec("pyarrow") else 0


def choose(known: Mapping[bytes, Wire], headers: Mapping[bytes, bytes]) -> Wire:
    """Choose by what the request says of itself.

    Raises:
        ApiError: 415 for another type, and for a compressed body.
    """
    given = headers.get(b"content-type", b"")
    wire = known.get(given) or known.get(_plain(given))
    if wire is None:
        raise _not_json()
    _refuse_compressed(headers)
    return wire


def refuse_other(headers: Mapping[bytes, bytes]) -> None:
    """Refuse all but JSON, for routes that know nothing else.

    Raises:
        ApiError: 415, as `choose`.
    """
    if _plain(headers.get(b"content-type", b"")) != JSON:
        raise _not_json()
    _refuse_compressed(headers)


def _plain(media_type: bytes) -> bytes:
    return media_type.partition(b";")[0].strip().lower()


def _not_json() -> ApiError:
    return ApiError(415, "The body should be JSON, and say so: Content-Type: application/json.")


def _refuse_compressed(headers: Mapping[bytes, bytes]) -> None:
    if headers.get(b"content-encoding", b"identity") != b"identity":
        msg = "The body should not be compressed."
        raise ApiError(415, msg)


def _sliced(media_type: bytes, sliced: Sliced) -> Wire:
    def read(body: bytes) -> list[Any]:
        return at_once(sliced.read(body))

    def write(predictions: list[Any], version: str, request_id: str) -> bytes:
        return at_once(sliced.write(predictions, version, request_id))

    return Wire(media_type, read, write, sliced)


def _json(contract: AnyContract) -> Wire:
    validate = Rows[contract.ROW].__pydantic_validator__.validate_json  # type: ignore[name-defined]
    serialize = TypeAdapter(list[contract.PREDICTION]).serializer.to_json  # type: ignore[name-defined]
    repeated_in = repeated.checker(contract.ROW)
    most = tokens.most(contract.ROW)
    model = contract.NAME.encode()

    def read(body: bytes) -> list[Any]:
        tokens.refuse_more(body, most)
        try:
            # BentoML takes an empty body for an empty object; so that both say the same, so do we.
            rows: list[Any] = validate(body or b"{}").rows
        except ValidationError as error:
            raise errors.invalid(error) from None
        if repeated_in(body, rows):
            raise errors.repeated_key()
        return rows

    def write(predictions: list[Any], version: str, request_id: str) -> bytes:
        # Nothing here needs escaping: model and version are ours, the id was found sane.
        return b'{"model":"%b","version":"%b","request_id":"%b","predictions":%b}' % (
            model,
            version.encode(),
            request_id.encode(),
            serialize(predictions),
        )

    return Wire(JSON, read, write)


def refuse_repeated(body: bytes) -> None:
    """Refuse a repeated key before anybody else reads the body; what is no JSON is left to them.

    Raises:
        ApiError: 400.
    """
    try:
        repeats = repeated.has_repeated(body)
    except (ValueError, RecursionError):
        return
    if repeats:
        raise errors.repeated_key()
