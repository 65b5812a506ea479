"""What goes wrong around a service costs what it must, and nothing else."""

import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from clients.traffic import NO_ANSWER, Traffic
from tests.conftest import serving
from tests.torture.asks import BAD, GOOD, LONG
from tests.torture.scrape import counters, metric, samples, until

CLIENTS = 6


def ask(url, given, **headers):
    return httpx.post(
        url + given.path, content=given.body, headers=dict(given.headers) | headers, timeout=60
    )


def all_good(url):
    return all(ask(url, given).status_code == 200 for given in GOOD)


def workers(running):
    family = psutil.Process(running.process.pid).children(recursive=True)
    return [each for each in family if "worker.service" in " ".join(each.cmdline())]


def pids(running):
    """Who is ready to answer: each connection goes to some worker."""
    answers = [httpx.get(f"{running.url}/health", timeout=10).json() for _ in range(20)]
    return {each["pid"] for each in answers if each["models_loaded"]}


class Scraper:
    """Asks for the metrics all the time; every text is to be valid, and no counter to go back."""

    def __init__(self, url):
        self.url, self.faults, self.count = url, [], 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(30)

    def _work(self):
        before: dict[object, float] = {}
        while not self._over.wait(0.05):
            try:
                now = counters(samples(self.url))
            except httpx.TransportError:
                continue  # The worker that was asked has just been killed.
            except (httpx.HTTPStatusError, ValueError) as error:
                self.faults.append(repr(error))
                continue
            self.count += 1
            lost = [key for key, value in before.items() if now.get(key, 0) < value]
            self.faults += [f"{key} went back" for key in lost]
            before = now


def test_a_worker_killed_under_traffic_costs_its_own_requests_and_is_replaced(
    home, tmp_path, minutes
):
    """Again and again, for as long as it is told; at least twice."""
    with serving(home, tmp_path, TABENTO_WORKERS="2") as running:
        running.ready()
        url = urlsplit(running.url)
        until(lambda: len(pids(running)) == 2)
        end, kills, later = time.monotonic() + minutes * 60, 0, 0
        with Scraper(running.url) as scraper, Traffic(url, GOOD, clients=CLIENTS) as traffic:
            while kills < 2 or time.monotonic() < end:
                victim = workers(running)[kills % 2]
                killed = time.monotonic()
                victim.kill()
                kills += 1
                until(lambda v=victim: v.pid not in (now := pids(running)) and len(now) == 2, 60)
                later += traffic.tally.since(killed + 1)[NO_ANSWER]

        # Nor does a request go to one that is still loading.
        assert set(traffic.tally.statuses) <= {200, NO_ANSWER}
        # Each client had one request in flight, and may have met the closed socket once more.
        assert traffic.tally.statuses[NO_ANSWER] <= 2 * CLIENTS * kills
        assert later <= 0.01 * sum(traffic.tally.statuses.values())
        assert scraper.faults == []
        assert scraper.count > 0
        until(lambda: metric(running.url, "tabento_requests_in_flight") == 0)
        alive = {each.pid for each in workers(running)}
        gauges = (running.home / "prometheus_multiproc_dir").glob("gauge_live*.db")
        assert {int(file.stem.rpartition("_")[2]) for file in gauges} <= alive


def test_a_log_that_takes_nothing_costs_no_prediction_and_every_line_is_counted(home, tmp_path):
    """`/dev/full` is a disk without space."""
    (tmp_path / "log").symlink_to("/dev/full")
    with serving(home, tmp_path) as running:
        running.ready()
        for _ in range(10):
            assert all_good(running.url)

        until(lambda: metric(running.url, "tabento_dropped_log_records_total") >= 30)
        assert httpx.get(f"{running.url}/readyz").status_code == 200


SPY = """
import os, sys
def hook(event, given):
    if event == "pickle.find_class":
        with open(os.environ["SPY_FILE"], "a") as file:
            file.write(f"{os.getpid()} {given}\\n")
sys.addaudithook(hook)
with open(os.environ["SPY_FILE"], "a") as file:
    file.write(f"{os.getpid()} watched\\n")
"""


def test_no_pickle_is_loaded_by_a_serving_process_from_its_start_to_its_end(home, tmp_path):
    spy = tmp_path / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY)
    seen = tmp_path / "seen"
    with serving(
        home, tmp_path, PYTHONPATH=str(spy), SPY_FILE=str(seen), PYTHONDONTWRITEBYTECODE="1"
    ) as running:
        running.ready()
        family = {running.process.pid, *(each.pid for each in workers(running))}
        assert all_good(running.url)
        for given in BAD:
            ask(running.url, given)
        for path in ("/models", "/models/sentiment", "/docs.json", "/metrics", "/readyz"):
            assert httpx.get(running.url + path).status_code == 200
        canary = b"cposix\nsystem\n(S'true'\ntR."
        for kind in ("application/vnd.bentoml+pickle", "Application/VND.BentoML+Pickle"):
            answer = httpx.post(
                f"{running.url}/sentiment/predict", content=canary, headers={"Content-Type": kind}
            )
            assert answer.status_code == 415
        assert running.stop() == 0

    lines = [line.split(" ", 1) for line in seen.read_text().splitlines()]
    assert family <= {int(pid) for pid, what in lines if what == "watched"}
    assert [what for _, what in lines if what != "watched"] == []


@pytest.fixture(scope="module")
def patient(home, tmp_path_factory):
    """A server that lets two in at once, and lets them wait."""
    settings = {"MAX_IN_FLIGHT": "2", "MAX_WAIT_MS": "60000", "TIMEOUT_S": "60"}
    given = {f"TABENTO_{name}": value for name, value in settings.items()}
    with serving(home, tmp_path_factory.mktemp("patient"), **given) as running:
        yield running.ready()


def test_what_is_past_its_deadline_is_a_504_and_its_work_is_never_started(patient):
    with ThreadPoolExecutor() as pool:
        before = metric(patient.url, "tabento_rows_total", model="sentiment")
        busy = pool.submit(ask, patient.url, LONG)
        until(lambda: metric(patient.url, "tabento_requests_in_flight", model="sentiment") == 1)
        late = ask(patient.url, GOOD[2], **{"X-Request-Timeout-Ms": "1"})

        assert (late.status_code, late.json()["code"]) == (504, "deadline_exceeded")
        assert busy.result().status_code == 200
        assert metric(patient.url, "tabento_rows_total", model="sentiment") == before + 512


def test_a_body_that_comes_byte_by_byte_is_given_up_and_leaves_its_place(patient):
    url = urlsplit(patient.url)
    head = b"POST /sentiment/predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += b"X-Request-Timeout-Ms: 4000\r\nContent-Length: 900\r\n\r\n{"
    with (
        socket.create_connection((url.hostname, url.port), timeout=30) as one,
        socket.create_connection((url.hostname, url.port), timeout=30) as other,
    ):
        one.sendall(head)
        other.sendall(head)
        until(lambda: ask(patient.url, GOOD[2]).status_code == 503)
        # To the end: the connections are closed as well.
        answers = [each.makefile("rb").read() for each in (one, other)]

    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 504"] * 2
    until(lambda: ask(patient.url, GOOD[2]).status_code == 200)


@pytest.mark.parametrize("seconds", [0.2, 2.0, None])
def test_told_to_stop_while_it_starts_it_ends_within_seconds(home, tmp_path, seconds):
    """Before its first import is done, on the way, and (None) while its models load."""
    with serving(home, tmp_path, TABENTO_DRAIN_S="600") as running:
        if seconds is None:
            until(lambda: "initialized" in running.log.read_text())
        else:
            time.sleep(seconds)
        running.process.terminate()

        assert running.process.wait(15) in {0, -15}
        assert not psutil.pid_exists(running.process.pid)


@contextmanager
def slow_clients(url, *kind, seconds):
    """Debian's slowhttptest; told to go on for longer than the block lasts."""
    if shutil.which("slowhttptest") is None:
        pytest.skip("slowhttptest is not installed")
    options = ["-c", "200", "-r", "100", "-i", "2", "-l", f"{seconds + 60:.0f}", "-p", "2"]
    process = subprocess.Popen(
        ["slowhttptest", *kind, *options, "-u", url], stdout=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    "kind",
    [
        ("-H",),
        ("-B", "-t", "POST", "-f", "application/json", "-s", "8192"),
        ("-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3"),
    ],
    ids=["headers", "body", "read"],
)
def test_two_hundred_slow_clients_keep_nobody_else_waiting(server, running, kind, minutes):
    path = "/models" if kind[0] == "-X" else "/sentiment/predict"
    url = urlsplit(server)
    seconds = max(2, minutes * 10)
    with slow_clients(server + path, *kind, seconds=seconds):
        time.sleep(2)
        with Traffic(url, GOOD, clients=2, pause=0.01) as traffic:
            time.sleep(seconds)

    assert set(traffic.tally.statuses) == {200}, traffic.tally
    assert traffic.tally.slowest < 5
    until(lambda: metric(server, "tabento_requests_in_flight") == 0)
