import pytest

from benchmarks import parts
from benchmarks.environment import ROOT
from benchmarks.parts import Spent

LIBRARY = "/x/lib/python3.11/site-packages"
LOOP = ("/x/lib/python3.11/asyncio/runners.py:run", "/x/lib/python3.11/runpy.py:_run_code")
HTTP = f"{LIBRARY}/uvicorn/protocols/http/httptools_impl.py:run_asgi"
MODEL = (f"{LIBRARY}/numpy/core.py:dot", f"{ROOT}/serving/compiled.py:predict_proba")
STACKS = {
    LOOP: 30,
    (f"{ROOT}/serving/front.py:__call__", HTTP, *LOOP): 10,
    (*MODEL, f"{ROOT}/serving/batcher.py:_run", *LOOP): 40,
    ("<unknown>:x",): 20,
}
SPENT = Spent(1_000, whole=1.2, main=1.0, kernel=0.2, threads=0.1, samples=STACKS)


@pytest.mark.parametrize(
    ("frames", "part"),
    [
        ((f"{ROOT}/serving/wire.py:read",), parts.VALIDATION),
        ((f"{ROOT}/serving/wire.py:write",), parts.ANSWER),
        ((f"{ROOT}/serving/wire.py:choose",), parts.FRONT),
        ((f"{ROOT}/monitoring/logs.py:put",), parts.LOG),
        ((f"{ROOT}/monitoring/watch.py:add",), parts.COUNTING),
        ((f"{LIBRARY}/pydantic/main.py:x", f"{ROOT}/serving/wire.py:read"), parts.VALIDATION),
        ((HTTP, f"{ROOT}/serving/front.py:__call__"), parts.HTTP),
        (LOOP, parts.LOOP),
        ((f"{LIBRARY}/starlette/middleware/errors.py:__call__", HTTP), parts.FRONT),
        ((), parts.REST),
    ],
)
def test_the_innermost_frame_that_is_known_decides(frames, part):
    assert parts.of((*frames, *LOOP) if frames else ()) == part


def test_the_parts_add_up_to_the_whole():
    assert sum(parts.costs(SPENT).values()) == pytest.approx(SPENT.request)


def test_samples_share_out_what_the_serving_thread_used():
    found = parts.costs(SPENT)

    assert found[parts.LOOP] == pytest.approx(300)
    assert found[parts.FRONT] == pytest.approx(100)
    assert found[parts.MODEL] == pytest.approx(400)


def test_other_threads_and_processes_are_parts_of_their_own():
    found = parts.costs(SPENT)

    assert found[parts.THREADS] == pytest.approx(100)
    assert found[parts.PROCESSES] == pytest.approx(100)


def test_what_no_rule_knows_is_said_to_be_unexplained():
    assert parts.costs(SPENT)[parts.REST] == pytest.approx(200)


def test_where_all_is_explained_the_rest_is_nothing():
    known = Spent(
        1_000, whole=1.2, main=1.0, kernel=0.2, threads=0.1, samples={LOOP: 3, (HTTP, *LOOP): 7}
    )

    assert str(parts.costs(known)[parts.REST]) == "0.0"


def test_shares_are_of_the_whole():
    lines = [line.split(" | ") for line in parts.drawn(SPENT).splitlines()[2:-1]]

    assert sum(float(line[-1].rstrip(" %|")) for line in lines) == pytest.approx(100, abs=0.5)
