"""The batcher's law, in any interleaving that hypothesis finds, on a clock turned by hand."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batcher import SWEEP_SECONDS, Limits
from serving.cost import Pace
from serving.errors import ApiError
from tests.serving.batching import Model, make, settle
from tests.virtual_loop import run


@st.composite
def requests(draw):
    """When a request comes, what it holds, when its client leaves, and how long it may take."""
    size = draw(st.integers(1, 6))
    rows = draw(st.lists(st.integers(0, 999), min_size=size, max_size=size))
    return {
        "at": draw(st.floats(0, 3)),
        "rows": ["bad"] if draw(st.integers(0, 9)) == 0 else rows,
        "leaves": draw(st.one_of(st.none(), st.floats(0, 3))),
        "timeout": draw(st.floats(0.01, 5)),
    }


WAIT = 1
# A loop lets timers go so much before their time.
EARLY = 1e-6


async def client(batcher, request, limits, stop):
    """Ask once, and say whether what came of it was right."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(request["at"])
    seen: list[float] = []

    async def ask():
        seen.extend((loop.time(), batcher.queued_rows))
        return await batcher.submit(request["rows"], timeout=request["timeout"])

    work = asyncio.ensure_future(ask())
    if request["leaves"] is not None:
        loop.call_later(request["leaves"], work.cancel)
    try:
        right = await work == [row * 2 for row in request["rows"]]
        # Nobody is kept longer than he waits; it is looked at so often.
        return right and loop.time() <= seen[0] + request["timeout"] + SWEEP_SECONDS + EARLY
    except ValueError:
        return request["rows"] == ["bad"]
    except asyncio.CancelledError:
        return request["leaves"] is not None
    except ApiError as error:
        (started, before), now = seen, loop.time() + EARLY
        full = before and before + len(request["rows"]) > limits.queue_rows
        right = {
            "overloaded": full or now - started > WAIT,
            "draining": now >= stop,
            "deadline_exceeded": now >= started + request["timeout"],
        }
        return bool(right[error.code])


@settings(deadline=None, max_examples=150)
@given(
    st.lists(requests(), min_size=1, max_size=30),
    st.floats(0, 1),
    st.integers(1, 8),
    st.integers(1, 20),
    st.floats(0.5, 6),
)
def test_every_request_is_answered_once_with_its_own_answer(asked, seconds, batch, queue, stop):
    """In any interleaving of arrival, failure, leaving, lateness, overload and shutdown.

    And refused only for its reason: the queue full or the wait over, its own time over, or the
    end. So a batcher that refuses more than it must fails here as well.
    """

    async def scenario(loop):
        model = Model()
        limits = Limits(batch, queue, wait_seconds=WAIT)
        batcher = make(loop, model, limits, seconds)
        batcher._pace = Pace(10**9)
        loop.call_later(stop, batcher.stop)
        right = await settle(*(client(batcher, request, limits, stop) for request in asked))
        await asyncio.sleep(10)
        return right, batcher, model

    right, batcher, model = run(scenario)
    assert right == [True] * len(asked)
    assert (batcher.queued_rows, batcher.busy, batcher.waits(0)) == (0, False, False)
    assert all(len(rows) <= max(batch, 6) for rows in model.runs)
