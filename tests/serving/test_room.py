"""Large bodies together take no more memory than was set aside for them."""

import pytest

from serving import exchange
from serving.errors import ApiError
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
