"""A real server as an operator meets it: told to stop, losing a worker, with two of them."""

import json
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models import breast_cancer
from tests.conftest import serving

pytestmark = pytest.mark.slow

GOOD = {"rows": [{"text": "good"}]}
IN_FLIGHT = 12
# Half a second of work, so that it is in flight when something happens.
LONG = {
    "rows": [{"text": f"{number} was a very good film indeed. " * 150} for number in range(512)]
}


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            pytest.fail("it did not happen")
        time.sleep(0.05)
    return found


def workers(running):
    family = psutil.Process(running.process.pid).children(recursive=True)
    return [each for each in family if "worker.service" in " ".join(each.cmdline())]


def test_told_to_stop_it_says_so_finishes_what_it_has_and_ends_well(home, tmp_path):
    with (
        serving(
            home, tmp_path, TABENTO_DRAIN_S="3", TABENTO_MAX_WAIT_MS="60000", TABENTO_TIMEOUT_S="60"
        ) as running,
        ThreadPoolExecutor(IN_FLIGHT) as pool,
    ):
        running.ready()
        ask = lambda: httpx.post(f"{running.url}/sentiment/predict", json=LONG, timeout=60)  # noqa: E731
        in_flight = [pool.submit(ask) for _ in range(IN_FLIGHT)]
        now = lambda: metric(running, "tabento_requests_in_flight", model="sentiment")  # noqa: E731
        until(lambda: now() == IN_FLIGHT)
        running.process.send_signal(signal.SIGTERM)
        until(lambda: httpx.get(f"{running.url}/readyz").status_code == 503)
        # Else who connects when the workers are gone would wait at the supervisor for nobody.
        until(lambda: not listens(running.process.pid))
        assert workers(running)
        refused = httpx.post(f"{running.url}/sentiment/predict", json=GOOD)
        alive = httpx.get(f"{running.url}/livez")

        assert [each.result().status_code for each in in_flight] == [200] * IN_FLIGHT
        assert (refused.status_code, refused.json()["code"]) == (503, "draining")
        assert refused.headers["connection"] == "close"
        assert alive.status_code == 200
        assert running.process.wait(30) == 0


def listens(pid):
    return [each for each in psutil.Process(pid).net_connections() if each.status == "LISTEN"]


def test_told_to_stop_while_its_models_load_it_ends_at_once(home, tmp_path):
    with serving(home, tmp_path, TABENTO_DRAIN_S="600") as running:
        until(lambda: _answers(running))
        running.process.send_signal(signal.SIGTERM)

        assert running.process.wait(10) == 0


def _answers(running):
    try:
        return httpx.get(f"{running.url}/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_when_its_supervisor_is_killed_no_worker_stays_behind(home, tmp_path):
    with serving(home, tmp_path, TABENTO_WORKERS="2", TABENTO_DRAIN_S="0") as running:
        running.ready()
        left = until(lambda: found if len(found := workers(running)) == 2 else [])
        running.process.kill()

        gone, stayed = psutil.wait_procs(left, timeout=30)
        for each in stayed:
            each.kill()
        assert len(gone) == 2
        assert not _answers(running)


@pytest.fixture(scope="module")
def pair(home, tmp_path_factory):
    """Two workers behind one port."""
    with serving(home, tmp_path_factory.mktemp("pair"), TABENTO_WORKERS="2") as running:
        running.ready()
        until(lambda: len(pids(running)) == 2)
        yield running


def pids(running):
    """Who answers: each connection goes to some worker."""
    answers = [httpx.get(f"{running.url}/health").json() for _ in range(20)]
    return {each["pid"] for each in answers if each["models_loaded"]}


def metric(running, name, **labels):
    text = httpx.get(f"{running.url}/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_two_workers_serve_the_same_models(pair):
    versions = {json.dumps(httpx.get(f"{pair.url}/models").json()) for _ in range(20)}

    assert len(versions) == 1


def test_metrics_count_over_both_workers(pair):
    path = "/sentiment/predict"
    # What was asked before is counted a moment later.
    time.sleep(2)
    before = metric(pair, "tabento_requests_total", path=path, status="200")
    for _ in range(40):
        assert httpx.post(f"{pair.url}{path}", json=GOOD).status_code == 200

    until(lambda: metric(pair, "tabento_requests_total", path=path, status="200") == before + 40)
    assert metric(pair, "tabento_request_duration_seconds_count", model="sentiment") >= 40
    assert metric(pair, "tabento_rows_total", model="sentiment") >= 40


def test_a_path_that_is_no_route_makes_no_series(pair):
    for number in range(50):
        httpx.get(f"{pair.url}/scan/{number}")

    text = httpx.get(f"{pair.url}/metrics").text
    assert "/scan/" not in text
    until(lambda: metric(pair, "tabento_requests_total", path="other", status="404") >= 50)


def test_a_killed_worker_is_replaced_no_request_is_refused_and_its_counts_stay(pair):
    count = metric(pair, "tabento_requests_total", path="/sentiment/predict", status="200")
    before = until(lambda: found if len(found := pids(pair)) == 2 else ())
    victim, _ = before
    psutil.Process(victim).kill()

    # Each on a connection of its own, which may go to any worker that listens.
    statuses: list[int] = []
    after: set[int] = set()
    while len(after) < 2 and len(statuses) < 20_000:
        asked = httpx.post(f"{pair.url}/sentiment/predict", json=GOOD, timeout=30)
        statuses.append(asked.status_code)
        after.add(httpx.get(f"{pair.url}/health", timeout=30).json()["pid"])
    assert victim not in after
    assert len(after - before) == 1
    assert set(statuses) == {200}
    assert metric(pair, "tabento_requests_total", path="/sentiment/predict", status="200") >= count
    assert "nan" not in httpx.get(f"{pair.url}/metrics").text.lower()
    assert all(httpx.post(f"{pair.url}/sentiment/predict", json=GOOD).is_success for _ in range(9))


def test_one_thread_a_worker_is_set_before_numpy_is_imported(pair):
    for worker in workers(pair):
        environment = worker.environ()
        assert {environment[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL")} == {"1"}


def test_the_allocator_is_told_to_give_back_what_large_bodies_took(pair):
    """It reads this at the start of a process: a block of so many bytes is mapped by itself."""
    for worker in workers(pair):
        assert int(worker.environ()["MALLOC_MMAP_THRESHOLD_"]) <= 2**17


def test_half_a_request_and_nonsense_leave_the_server_as_it_was(server):
    host, port = server.removeprefix("http://").split(":")
    for sent in (
        b"POST /sentiment/predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
        b"POST /sentiment/predict HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x00\xff\x16\x03\x01 nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(sent)

    rows = [row.model_dump(mode="json") for row in breast_cancer.EXAMPLE]
    assert httpx.post(f"{server}/breast_cancer/predict", json={"rows": rows}).status_code == 200


def test_health_answers_while_the_model_is_busy(server):
    with ThreadPoolExecutor(4) as pool:
        busy = [
            pool.submit(httpx.post, f"{server}/sentiment/predict", json=LONG, timeout=60)
            for _ in range(4)
        ]
        seen = 0
        while not all(each.done() for each in busy):
            assert httpx.get(f"{server}/livez", timeout=5).status_code == 200
            seen += 1

    assert seen > 3
    # Four half seconds may be more than a request is left waiting here.
    assert {each.result().status_code for each in busy} <= {200, 503}


@pytest.mark.parametrize(
    "path",
    [
        "/static_content/../service.py",
        "/static_content/%2e%2e/%2e%2e/service.py",
        "/models/..%2f..%2fetc",
    ],
)
def test_no_path_leads_out_of_the_service(server, path):
    host = server.removeprefix("http://")
    answer = subprocess.run(
        [
            "curl",
            "-s",
            "--path-as-is",
            "-o",
            "/dev/null",
            "-w",
            "%{http_code}",
            f"http://{host}{path}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )

    assert answer.stdout == "404"


def test_an_invalid_request_among_many_is_refused_alone(server):
    good = [row.model_dump(mode="json") for row in breast_cancer.EXAMPLE[:1]]
    poison = [good[0] | {"mean_radius": "17.9"}]
    with httpx.Client(base_url=server) as http, ThreadPoolExecutor(32) as pool:
        bodies = [good] * 15 + [poison] + [good] * 16
        answers = list(
            pool.map(lambda rows: http.post("/breast_cancer/predict", json={"rows": rows}), bodies)
        )

    assert [each.status_code for each in answers] == [200] * 15 + [400] + [200] * 16
