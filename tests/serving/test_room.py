"""Large bodies together take no more memory than was set aside for them."""

import asyncio

import bentoml
import pytest

from models import sentiment
from serving import exchange
from serving.account import Account
from serving.admission import Admission
from serving.endpoint import BodyLimits, Endpoint
from serving.errors import ApiError
from serving.front import Front
from serving.room import BODIES, LEAST, Room

LARGE = 8 * 2**20


def test_there_is_room_for_so_many_of_the_largest_and_no_byte_more():
    room, each = Room(LARGE), [exchange.of({}) for _ in range(BODIES)]
    for here in each:
        room.take(LARGE, here)

    with pytest.raises(ApiError) as caught:
        room.take(1, exchange.of({}))
    assert (caught.value.status, caught.value.code) == (503, "overloaded")
    assert caught.value.headers == {"Retry-After": "1", "Connection": "close"}


def test_who_was_refused_has_taken_nothing_more():
    room, here = Room(LARGE), exchange.of({})
    room.take(10, here)
    with pytest.raises(ApiError):
        room.take(room.most, here)

    assert room.held == here.held == 10


def test_what_was_taken_is_given_back_once():
    room, one, other = Room(LARGE), exchange.of({}), exchange.of({})
    for here in (one, other, one):
        room.take(100, here)
    room.leave(one)
    room.leave(one)

    assert (room.held, one.held, other.held) == (100, 0, 100)


def test_small_bodies_have_room_however_small_they_must_be():
    assert Room(1_000).most == LEAST


class Asked:
    """A request to a front of its own, whose body comes in pieces; what became of the room."""

    def __init__(self, bundle, most, *, direct=True):
        self.room = Room(most)
        self.most_held = 0
        self.answer = []
        endpoint = Endpoint(sentiment, bundle, BodyLimits(most, 0, self.room), direct=direct)
        account = Account({endpoint.path: endpoint}, bundle.metrics, lambda _: None)
        door = Admission(None, protect_all=False, most_in_flight=1)
        self.front = Front(self._inner, bundle, {endpoint.path: endpoint}, door, account)

    async def __call__(self, pieces, *headers, end="whole"):
        await self.front(_scope(headers), self._receive(pieces, end), self._send)
        return next((each["status"] for each in self.answer if "status" in each), None)

    def _receive(self, pieces, end):
        left = list(pieces)

        async def receive():
            self.most_held = max(self.most_held, self.room.held)
            if left:
                more = len(left) > 1 or end != "whole"
                return {"type": "http.request", "body": left.pop(0), "more_body": more}
            if end == "silence":
                await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        return receive

    async def _send(self, message):
        self.answer.append(message)

    async def _inner(self, scope, receive, send):
        self.most_held = max(self.most_held, self.room.held)
        msg = "BentoML's part fails"
        raise RuntimeError(msg)


def _scope(headers):
    given = [(b"content-type", b"application/json"), *headers]
    return {
        "type": "http", "method": "POST", "path": "/sentiment/predict", "http_version": "1.1",
        "headers": given, "query_string": b"",
    }  # fmt: skip


GOOD = [b'{"rows": [{"text"', b': "good"}]}']
SOON = (b"x-request-timeout-ms", b"1")


@pytest.fixture
def asked(client):
    """Asks in the event loop of a service that is ready, and gives the status and who asked."""

    def asked(pieces, *headers, most=1_000, end="whole", room=LEAST, direct=True):
        one = Asked(bentoml.get_current_service().bundle, most, direct=direct)
        one.room.most = room
        return client.portal.call(lambda: one(pieces, *headers, end=end)), one

    return asked


@pytest.mark.parametrize(
    ("status", "pieces", "more"),
    [
        (200, GOOD, {}),
        (400, [b"no ", b"JSON"], {}),
        (413, [b" " * 600, b" " * 600], {}),
        (503, [b" " * 600, b" " * 300], {"room": 700}),
        (None, GOOD[:1], {"end": "leaves"}),
        (500, GOOD, {"direct": False}),
    ],
)
def test_however_a_request_ends_it_gives_its_room_back(asked, status, pieces, more):
    found, one = asked(pieces, **more)

    assert found == status
    assert one.most_held >= len(pieces[0])
    assert one.room.held == 0


def test_a_body_that_stops_coming_gives_its_room_back_at_its_deadline(asked):
    status, one = asked(GOOD[:1], SOON, end="silence")

    assert status == 504
    assert one.most_held == len(GOOD[0])
    assert one.room.held == 0


def test_a_model_that_raises_gives_the_room_back(asked, monkeypatch):
    async def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(bentoml.get_current_service().bundle, "predict", fail)
    status, one = asked(GOOD)

    assert status == 500
    assert one.most_held == len(GOOD[0])
    assert one.room.held == 0


def test_a_body_that_comes_in_one_piece_takes_no_room(asked):
    status, one = asked([b"".join(GOOD)])

    assert status == 200
    assert one.most_held == 0
