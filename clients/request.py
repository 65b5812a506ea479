"""Requests to send: good ones, with known rows among made-up ones, and bad ones."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from pydantic import ValidationError

from clients.rows import Row, rows
from models._contract import MAX_ROWS, AnyContract, Rows

HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(frozen=True)
class Request:
    """A body that is to be answered.

    `known` says which row, by its place in the body, is which of the contract's `EXAMPLE`: these
    are sent again and again and have the same answer each time, wherever they stand.
    """

    contract: AnyContract
    body: bytes
    rows: int
    known: dict[int, int]


@dataclass(frozen=True)
class BadRequest:
    """A body that is to be refused; `fault` is for the reader."""

    contract: AnyContract
    body: bytes
    fault: str


def path(request: Request | BadRequest) -> str:
    return f"/{request.contract.NAME}/predict"


def requests(
    contract: AnyContract, sizes: Iterable[int], *, seed: int = 0, wild: float = 0
) -> Iterator[Request]:
    """Make a request of each size; for `wild` see `clients.rows`."""
    chance = random.Random(f"{contract.NAME} requests {seed}")  # noqa: S311 - no secret
    made_up = rows(contract, seed=seed, wild=wild)
    for size in sizes:
        yield _request(contract, list(islice(made_up, size)), chance)


def _request(contract: AnyContract, content: list[Row], chance: random.Random) -> Request:
    """Put examples in place of some rows: at least half are left, and every second single one."""
    examples = [example.model_dump(mode="json", by_alias=True) for example in contract.EXAMPLE]
    size = len(content)
    count = min(len(examples), size // 2) if size > 1 else chance.randrange(2)
    places = chance.sample(range(size), count)
    known = dict(zip(places, chance.sample(range(len(examples)), count), strict=True))
    for place, index in known.items():
        content[place] = examples[index]
    return Request(contract, _body(content), size, known)


def bad_requests(contract: AnyContract, *, seed: int = 0) -> list[BadRequest]:
    """One request for each fault that this contract can tell; the bad row stands among good."""
    chance = random.Random(f"{contract.NAME} faults {seed}")  # noqa: S311 - no secret
    good = list(islice(rows(contract, seed=seed), 3))
    place = chance.randrange(len(good))
    row = good[place]
    name = chance.choice(list(row))
    bad_rows = {
        "unknown field": row | {"no_such_field": 1},
        "missing field": {key: value for key, value in row.items() if key != name},
        "null": row | {name: None},
        "wrong type": row | {name: {}},
    }
    bodies = {
        fault: _body([*good[:place], bad, *good[place + 1 :]]) for fault, bad in bad_rows.items()
    }
    bodies |= {
        "no rows": _body([]),
        "too many rows": _body([row] * (MAX_ROWS + 1)),
        "no list": b"{}",
        "no JSON": _body(good)[:-1],
    }
    return [
        BadRequest(contract, body, fault)
        for fault, body in bodies.items()
        if not _valid(contract, body)
    ]


def _body(content: list[Any]) -> bytes:
    return json.dumps({"rows": content}, separators=(",", ":")).encode()


def _valid(contract: AnyContract, body: bytes) -> bool:
    try:
        Rows[contract.ROW].model_validate_json(body)  # type: ignore[name-defined]
    except ValidationError:
        return False
    return True
