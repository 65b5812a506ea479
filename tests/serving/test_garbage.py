"""What a request took is free when it was answered, whatever the answer: nothing waits for the
garbage collector, which a service that is to answer quickly lets look rarely.
"""

import asyncio
import gc
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace

import bentoml
import pytest

from models import sentiment
from models._contract import MAX_ROWS
from serving.exchange import Exchange

TIMES = 5
TEXT = b'{"text": "%b"}' % (b"a very good film indeed. " * 20)
GOOD = b'{"rows": [%b]}' % TEXT
LARGE = b'{"rows": [%b]}' % b", ".join([TEXT] * MAX_ROWS)
ONE_MS = (b"x-request-timeout-ms", b"1")


async def ask(front, body, *headers, method="POST", whole=True):
    """Send one request past the socket; the status it had."""
    statuses = []
    messages = iter([{"type": "http.request", "body": body, "more_body": not whole}])

    async def receive():
        for message in messages:
            return message
        if whole:
            await asyncio.sleep(600)
        return {"type": "http.disconnect"}

    async def send(message):
        statuses.append(message.get("status"))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": "/sentiment/predict",
        "query_string": b"",
        "headers": [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *headers,
        ],
    }
    await front(scope, receive, send)
    return next(iter(statuses), None)


@contextmanager
def collecting():
    """What the collector found in the end; it does not look meanwhile."""
    garbage: list[object] = []
    gc.collect()
    gc.disable()
    try:
        yield garbage
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        garbage += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


@pytest.fixture
def left(client):
    """Ask so many requests at once, some times over; their statuses, and which are still there."""
    front = client.app.middleware_stack

    async def together(*requests):
        seen = await asyncio.gather(*[ask(front, *each, **how) for each, how in requests])
        await asyncio.sleep(0.05)
        return set(seen)

    async def measured(*requests):
        await together(*requests)
        with collecting() as garbage:
            seen = [await together(*requests) for _ in range(TIMES)]
        return set().union(*seen), [each for each in garbage if isinstance(each, Exchange)]

    return lambda *requests: client.portal.call(measured, *requests)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        pytest.param(((GOOD,), {}), 200, id="one row"),
        pytest.param(((LARGE,), {}), 200, id="many rows"),
        pytest.param(((b'{"rows": [{}, {"text": 1}]}',), {}), 400, id="invalid"),
        pytest.param(((b'{"rows":',), {}), 400, id="no JSON"),
        pytest.param(((GOOD, (b"x-request-timeout-ms", b"x")), {}), 400, id="a wrong header"),
        pytest.param(((GOOD,), {"method": "PUT"}), 405, id="method"),
        pytest.param(((b" " * 9_000_000,), {}), 413, id="too large"),
        pytest.param(((GOOD, (b"content-encoding", b"gzip")), {}), 415, id="compressed"),
        pytest.param(((GOOD,), {"whole": False}), None, id="gone"),
    ],
)
def test_a_request_leaves_nothing_to_collect(left, request_, status):
    assert left(request_) == ({status}, [])


def test_requests_whose_time_is_over_leave_nothing_to_collect(left):
    statuses, found = left(((LARGE,), {}), ((LARGE,), {}), ((GOOD, ONE_MS), {}))

    assert statuses == {200, 504}
    assert found == []


@pytest.fixture
def narrow(client):
    """A queue for one large request."""
    batcher = bentoml.get_current_service().bundle.served[sentiment.NAME].batcher
    before = batcher._limits
    batcher._limits = replace(before, queue_rows=MAX_ROWS)
    yield
    batcher._limits = before


@pytest.mark.usefixtures("narrow")
def test_requests_that_find_the_queue_full_leave_nothing_to_collect(left):
    statuses, found = left(*[((LARGE,), {})] * 6)

    assert statuses == {200, 503}
    assert found == []


@pytest.fixture
def spoilt(client):
    """The real model, with an intercept that is no number."""
    served = bentoml.get_current_service().bundle.served[sentiment.NAME]
    estimator = deepcopy(served.artifact.runner.estimator.plain)
    estimator.model.intercept_ = estimator.model.intercept_ * float("nan")
    before = served.batcher._predict
    served.batcher._predict = replace(served.artifact.runner, estimator=estimator).predict
    yield
    served.batcher._predict = before


@pytest.mark.usefixtures("spoilt")
def test_requests_that_the_model_fails_leave_nothing_to_collect(left):
    assert left(*[((GOOD,), {})] * 3) == ({500}, [])
