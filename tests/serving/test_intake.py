"""A large body that would find the queue full is refused before it is read."""

import bentoml
import pytest

from models import sentiment
from serving import exchange, wire
from serving.endpoint import BodyLimits, Endpoint
from serving.errors import ApiError
from serving.intake import LEAST_BYTES, Intake
from serving.room import Room

JSON, ARROW = b"json", b"arrow"
LARGE = 100 * LEAST_BYTES


@pytest.fixture
def intake():
    intake = Intake(1_000)
    intake.learn(JSON, LARGE, 512)
    return intake


def refused(intake, *asked):
    try:
        intake.refuse(*asked)
    except ApiError as error:
        return error.status, error.code, error.headers
    return None


def test_what_fits_beside_those_who_wait_is_let_in_and_one_row_more_is_not(intake):
    assert refused(intake, JSON, LARGE, 488) is None
    assert refused(intake, JSON, LARGE, 489) == (503, "overloaded", {"Retry-After": "1"})


def test_rows_that_are_being_read_count_as_waiting(intake):
    intake.coming = 489

    assert refused(intake, JSON, LARGE, 0) is not None


def test_with_nobody_ahead_no_body_is_too_large(intake):
    assert refused(intake, JSON, 10 * LARGE, 0) is None


def test_of_a_small_body_or_an_unknown_form_nothing_is_guessed(intake):
    intake.learn(ARROW, LEAST_BYTES - 1, 1)

    assert intake.rows(JSON, LEAST_BYTES - 1) == intake.rows(ARROW, LARGE) == 0


def test_each_form_has_its_own_bytes_a_row(intake):
    intake.learn(ARROW, LARGE, 2 * 512)

    assert (intake.rows(JSON, LARGE), intake.rows(ARROW, LARGE)) == (512, 1_024)


class Unread:
    """A body that nobody should ask for."""

    asked = 0

    async def __call__(self):
        self.asked += 1
        return {"type": "http.request", "body": b"{}", "more_body": False}


def test_a_body_too_many_is_refused_before_a_byte_of_it_is_asked_for(client):
    bundle = bentoml.get_current_service().bundle
    most = bundle.limits.queue_rows
    endpoint = Endpoint(sentiment, bundle, BodyLimits(LARGE, 0, Room(LARGE)), direct=True)
    here = exchange.of({b"content-type": wire.JSON, b"content-length": b"%d" % LARGE})
    body = Unread()

    def refusal():
        return client.portal.call(lambda: caught(endpoint.body(here, body)))

    endpoint._intake.learn(wire.JSON, LARGE, 512)
    endpoint._intake.coming = most - 512
    let_in, asked = refusal(), body.asked
    endpoint._intake.coming += 1

    assert (let_in, asked) == (None, 1)
    assert (refusal(), body.asked) == ("overloaded", 1)


async def caught(work):
    try:
        await work
    except ApiError as error:
        return error.code
    return None


def test_what_was_read_is_not_coming_any_more_however_it_ended(client):
    bundle = bentoml.get_current_service().bundle
    endpoint = Endpoint(sentiment, bundle, BodyLimits(LARGE, 0, Room(LARGE)), direct=True)
    (known,) = endpoint._wires.values()
    endpoint._intake.learn(wire.JSON, LARGE, 512)

    async def read(body):
        return await endpoint._read(known, body)

    good = b'{"rows": [{"text": "good"}]%b}' % (b" " * LEAST_BYTES)
    rows = client.portal.call(read, good)
    bad = client.portal.call(lambda: caught(read(b"x" * LARGE)))

    assert (len(rows), bad, endpoint._intake.coming) == (1, "invalid_request", 0)
