"""Clients that are refused for want of time do not take it from the others."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.pace import BYTES_EACH, MOST_SECONDS, SECONDS_EACH, Pace
from tests.virtual_loop import run


@given(st.lists(st.integers(0, 2**20).map(lambda size: size * (size % 2)), min_size=1))
@example([0] * 600)
@example([0] * 3_000)
def test_those_who_wait_are_heard_at_a_fixed_rate_by_their_bytes_and_within_a_moment(sizes):
    async def scenario(loop):
        pace, ends = Pace(), []

        async def one(size):
            await pace.hold(size)
            ends.append(loop.time())

        await asyncio.gather(*[one(size) for size in sizes])
        assert pace.held == 0
        return ends

    ends = run(scenario)
    weight = sum(1 + size // BYTES_EACH for size in sizes)
    assert max(ends) == pytest.approx(min(weight * SECONDS_EACH, MOST_SECONDS))


def test_a_held_connection_counts_no_more_when_its_client_has_left():
    async def scenario(_):
        pace = Pace()
        holding = asyncio.ensure_future(pace.hold())
        await asyncio.sleep(0)
        assert pace.held == 1
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        return pace.held

    assert run(scenario) == 0


@pytest.fixture
def full(client):
    """The real front, which has as much to do as it takes."""
    front = client.app.middleware_stack
    before = front._admission.in_flight
    front._admission.in_flight = front._admission.most_in_flight
    yield front
    front._admission.in_flight = before


def refusal(front, headers=()):
    """What one refused request is sent, and when."""

    async def scenario(loop):
        sent = []

        async def send(message):
            sent.append((loop.time(), message))

        async def receive():
            return {"type": "http.request", "body": b"{}", "more_body": False}

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "path": "/sentiment/predict",
            "headers": list(headers),
        }
        await front(scope, receive, send)
        return sent

    return run(scenario)


def test_a_refused_client_has_its_answer_at_once_and_is_read_again_later(full):
    (head_at, head), (body_at, body), (end_at, end) = refusal(full)
    assert head["status"] == 503
    assert (b"retry-after", b"1") in head["headers"]
    assert (b"content-length", b"%d" % len(body["body"])) in head["headers"]
    assert (head_at, body_at) == (0, 0)
    assert body["more_body"]
    assert end["body"] == b""
    assert end_at == pytest.approx(SECONDS_EACH)


def test_one_whose_body_is_large_is_read_again_the_later(full):
    *_, (end_at, _) = refusal(full, [(b"content-length", b"%d" % (10 * BYTES_EACH))])
    assert end_at == pytest.approx(11 * SECONDS_EACH)


def test_a_client_that_will_not_ask_again_here_is_not_held(full):
    *_, (ended_at, last) = refusal(full, [(b"connection", b"close")])
    assert ended_at == 0
    assert not last["more_body"]


def test_a_client_that_is_sent_elsewhere_is_not_held(full):
    full._bundle.draining = True
    try:
        *_, (ended_at, last) = refusal(full)
    finally:
        full._bundle.draining = False
    assert ended_at == 0
    assert not last["more_body"]
