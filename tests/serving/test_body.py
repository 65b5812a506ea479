"""A body that is too long is refused before it is read, or as soon as that is seen."""

import asyncio

import pytest

from serving import body
from serving.body import ClientGoneError
from serving.errors import ApiError


class Sender:
    """A client that sends chunks for as long as it is asked for more."""

    def __init__(self, *chunks, leaves=False):
        self.chunks, self.leaves, self.asked = list(chunks), leaves, 0

    async def receive(self):
        self.asked += 1
        if not self.chunks and self.leaves:
            return {"type": "http.disconnect"}
        chunk = self.chunks.pop(0)
        return {
            "type": "http.request",
            "body": chunk,
            "more_body": bool(self.chunks) or self.leaves,
        }


def read(sender, most, headers=None):
    return asyncio.run(body.read(headers or {}, sender.receive, most))


@pytest.mark.parametrize("chunks", [(b"abc",), (b"a", b"bc"), (b"", b"a", b"", b"bc", b"")])
def test_a_body_is_whole_however_it_comes(chunks):
    assert read(Sender(*chunks), most=3) == b"abc"


def test_a_body_that_says_it_is_too_long_is_not_read_at_all():
    sender = Sender(b"abcd")

    with pytest.raises(ApiError) as caught:
        read(sender, 3, {b"content-length": b"4"})
    assert (caught.value.status, sender.asked) == (413, 0)


@pytest.mark.parametrize(
    ("length", "declared"), [(b"0" * 5_000 + b"4", 4), (b"000", 0), (b"0 ", 0)]
)
def test_zeros_before_a_length_are_none_of_it(length, declared):
    assert body.declared({b"content-length": length}) == declared


def test_a_body_that_does_not_say_is_read_no_further_than_the_limit():
    sender = Sender(*[b"ab"] * 1_000)

    with pytest.raises(ApiError) as caught:
        read(sender, 3)
    assert (caught.value.status, sender.asked) == (413, 2)


def test_the_connection_of_a_body_that_was_not_read_is_closed():
    with pytest.raises(ApiError) as caught:
        read(Sender(b"abcd"), 3)

    assert caught.value.headers == {"Connection": "close"}


@pytest.mark.parametrize("chunks", [(), (b"a",), (b"a", b"b")])
def test_a_client_that_leaves_halfway_is_gone(chunks):
    with pytest.raises(ClientGoneError):
        read(Sender(*chunks, leaves=True), 3)


async def forever(stopped):
    try:
        await asyncio.sleep(3_600)
    finally:
        stopped.append(True)


def test_work_is_dropped_when_its_client_leaves_meanwhile():
    stopped: list[object] = []

    async def work():
        await body.unless_gone(forever(stopped), Sender(leaves=True).receive)

    with pytest.raises(ClientGoneError):
        asyncio.run(work())
    assert stopped == [True]


def test_work_that_ends_first_is_answered():
    async def answer():
        return 42

    async def work():
        stay = asyncio.Event()
        return await body.unless_gone(answer(), stay.wait)

    assert asyncio.run(work()) == 42


def test_what_the_work_raises_is_raised():
    async def fail():
        raise ZeroDivisionError

    async def work():
        await body.unless_gone(fail(), asyncio.Event().wait)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(work())
