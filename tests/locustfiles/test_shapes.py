"""Each shape is run by Locust itself, for seconds and with few users."""

import re
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import STDOUT

import httpx
import pytest

from clients import contracts
from tests.conftest import free_port
from tests.test_process import until

ROOT = Path(__file__).parents[2]
SHAPES = [file.stem for file in sorted((ROOT / "locustfiles").glob("*.py")) if file.stem[0] != "_"]
# Locust's own --help is printed before it reads a shape.
OPTIONS = """
import locustfiles.{}
from locust.argument_parser import get_parser
for action in get_parser()._actions:
    if (getattr(action, "env_var", None) or "").startswith("LOAD_"):
        print(action.option_strings[0], action.env_var)
"""
FEW = ["-u", "5", "-r", "5", "-t", "6s", "--pace", "5"]
SHORT = ["--pace", "5", "--settle", "1", "--hold", "2", "--growth", "2"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Nonsense(BaseHTTPRequestHandler):
    """Answers all requests at once, with status 200 and no prediction."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture
def nonsense_url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Nonsense) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def right_answers(run):
    """In the last lines of what was printed."""
    return [int(count) for count in re.findall(r"(\d+) right answers", run.stdout)]


def test_steady_is_answered_rightly(locust, server):
    run = locust("steady", server, *FEW)

    assert run.returncode == 0, run.stdout + run.stderr
    assert right_answers(run)[0] > 10
    assert "0 refused, 0 unanswered, 0 wrong" in run.stdout


def test_one_model_alone_can_be_asked(locust, server):
    model = contracts.names()[-1]
    run = locust("steady", server, *FEW, "--model", model, "--rows", "30")

    assert run.returncode == 0, run.stdout + run.stderr
    assert set(re.findall(r"POST +/(\w+)/predict", run.stderr + run.stdout)) == {model}


def test_steady_fails_when_answers_are_later_than_they_may_be(locust, server):
    """Nothing is answered within a microsecond."""
    run = locust("steady", server, *FEW, "--p95-ms", "0.001")

    assert run.returncode == 1
    assert "p95 is above 0.001 ms." in run.stdout


def test_a_breaking_point_is_found(locust, server):
    """A p95 of a microsecond is promised by nobody: the first step breaks it."""
    run = locust("breaking_point", server, *SHORT, "--first-users", "3", "--p95-ms", "0.001")

    assert run.returncode == 1
    assert re.search(r"Breaking point: 3 users \(p95 was .* ms\); no step was held", run.stdout)


def test_a_service_may_hold_out(locust, server):
    run = locust("breaking_point", server, *SHORT, "--first-users", "3", "--most-users", "6")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "No breaking point up to 6 users." in run.stdout
    assert len(right_answers(run)) == 2


def test_a_spike_is_told_in_three_phases(locust, server):
    phases = ["--before", "2", "--during", "2", "--after", "2", "--base-users", "2"]
    run = locust("spike", server, *phases, "--factor", "4", "--pace", "5")

    assert run.returncode == 0, run.stdout + run.stderr
    assert re.findall(r"^(before|during|after)", run.stdout, re.MULTILINE) == [
        "before",
        "during",
        "after",
    ]


def test_mixed_requests_are_answered_rightly_and_bad_ones_refused(locust, server):
    """Half of them bad, each of which has to get its 400 and the error body."""
    run = locust("mixed", server, *FEW, "--bad-percent", "50", "--most-rows", "64")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "(bad: " in run.stderr + run.stdout


@pytest.mark.parametrize("shape", SHAPES)
def test_nonsense_of_status_200_fails_every_shape(locust, nonsense_url, shape):
    few = {"breaking_point": [*SHORT, "--first-users", "3"], "spike": ["--before", "1"]}
    few["spike"] += ["--during", "1", "--after", "1", "--base-users", "2", "--pace", "5"]
    run = locust(shape, nonsense_url, *few.get(shape, FEW))

    assert run.returncode == 1
    assert re.search(r"no right answer; 0 refused, 0 unanswered, [1-9]", run.stdout)


def test_nothing_listening_fails(locust):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        run = locust("steady", f"http://127.0.0.1:{unused.getsockname()[1]}", *FEW)

    assert run.returncode == 1
    assert re.search(r"no right answer; 0 refused, [1-9]\d* unanswered, 0 wrong", run.stdout)


def test_the_web_page_starts_and_stops_a_shape_and_corrects_what_can_not_be_asked(server, page):
    """One row is the least; on the page anybody may choose none."""
    text, ask = page(server)
    ask("swarm", user_count=5, spawn_rate=5, rows=0, pace=5)
    until(lambda: ask("stats/requests")["total_rps"])
    ask("stop", user_count=0)
    until(lambda: "right answers" in text())

    assert "rows: there can be 1 to 512; 1 it is." in text()
    assert "0 refused, 0 unanswered, 0 wrong" in text()
    assert ask("exceptions") == {"exceptions": []}


@pytest.fixture
def page(tmp_path):
    """Locust's web page for `steady`: what it has printed, and a way to ask it."""
    port, said = free_port(), tmp_path / "said"
    command = ["-m", "locust", "-f", "locustfiles/steady.py", "--web-host", "127.0.0.1"]

    def start(url):
        whole = [sys.executable, "-u", *command, "--web-port", str(port), "--host", url]
        with said.open("wb") as file:
            started.append(subprocess.Popen(whole, cwd=ROOT, stdout=file, stderr=STDOUT))
        until(lambda: not closed(port))
        return said.read_text, ask

    def ask(path, **form):
        where = f"http://127.0.0.1:{port}/{path}"
        return (httpx.post(where, data=form) if form else httpx.get(where)).json()

    started: list[subprocess.Popen[bytes]] = []
    yield start
    for each in started:
        each.terminate()
        each.wait()


def closed(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_says_what_its_options_are(shape):
    """Every one that its docstring names exists, with its variable; and the other way about."""
    text = (ROOT / "locustfiles" / f"{shape}.py").read_text().split('"""')[1]
    named = set(re.findall(r"^ {4}(--[\w-]+) \w+ +(LOAD_\w+)", text, re.MULTILINE))
    command = [sys.executable, "-c", OPTIONS.format(shape)]
    ours = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert named == {tuple(line.split()) for line in ours.splitlines()}


def test_the_parts_that_are_tested_here_do_without_locust():
    """Locust replaces sockets and threads of its process when it is imported."""
    parts = "locustfiles._tally, locustfiles._ladder, locustfiles._phases, clients.measure"
    check = f"import sys, {parts}; sys.exit('locust' in sys.modules or 'gevent' in sys.modules)"

    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)
