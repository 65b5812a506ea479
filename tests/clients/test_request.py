import json

import pytest
from pydantic import ValidationError

from clients.request import bad_requests, path, requests
from models._contract import MAX_ROWS, Rows

SIZES = [1, 2, 3, 64, MAX_ROWS]


def rows_of(request):
    return json.loads(request.body)["rows"]


def test_a_request_is_valid_and_as_large_as_asked(contract):
    for request, size in zip(requests(contract, SIZES), SIZES, strict=True):
        Rows[contract.ROW].model_validate_json(request.body)  # type: ignore[name-defined]
        assert len(rows_of(request)) == request.rows == size


def test_known_rows_stand_where_the_request_says(contract):
    """All examples are among many rows, in any order."""
    for request in requests(contract, [64] * 10):
        for place, index in request.known.items():
            row = contract.ROW.model_validate_json(json.dumps(rows_of(request)[place]))
            assert row == contract.EXAMPLE[index]
        assert len(request.known) == len(contract.EXAMPLE)


def test_some_single_rows_are_known_and_some_made_up(contract):
    assert {len(request.known) for request in requests(contract, [1] * 64)} == {0, 1}


def test_the_same_seed_makes_the_same_requests(contract):
    assert list(requests(contract, SIZES, seed=1)) == list(requests(contract, SIZES, seed=1))


def test_a_request_goes_to_the_route_of_its_model(contract):
    (request,) = requests(contract, [1])

    assert path(request) == f"/{contract.NAME}/predict"


def test_a_bad_request_is_bad(contract):
    """By the contract itself: nothing is sent in the hope of an error."""
    for request in bad_requests(contract):
        with pytest.raises(ValidationError):
            Rows[contract.ROW].model_validate_json(request.body)  # type: ignore[name-defined]


def test_every_fault_is_among_the_bad_requests(contract):
    """Eight ways of being wrong; no model here allows any."""
    assert len({request.fault for request in bad_requests(contract)}) == 8


def test_a_bad_row_stands_among_good_ones(contract):
    """Its fault is its own: the others of the same request are valid."""
    (request,) = (each for each in bad_requests(contract) if each.fault == "unknown field")
    good = [row for row in rows_of(request) if "no_such_field" not in row]

    assert len(good) == 2
    for row in good:
        contract.ROW.model_validate_json(json.dumps(row))
