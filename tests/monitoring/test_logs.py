"""The log is one JSON object a line; it never holds what a client sent, nor costs a prediction."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from monitoring import logs
from monitoring.logs import Writer
from monitoring.metrics import Metrics
from serving import exchange
from serving.account import Account
from tests.conftest import serving

ROOT = Path(__file__).parent.parent.parent
MARKER = "sesame-7f3a"
ROW = {"text": "good"}


@pytest.fixture
def pipe():
    read, write = os.pipe()
    yield read, write
    for descriptor in (read, write):
        os.close(descriptor)


@pytest.fixture
def file(tmp_path):
    """A writer, and what it has written so far."""
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    writer = Writer(descriptor)

    def lines():
        writer.flush()
        return [json.loads(line) for line in path.read_text().splitlines()]

    yield writer, lines
    writer.flush()
    os.close(descriptor)


def event(**fields):
    return {"event": "test", "timestamp": 0.25, **fields}


def test_an_event_is_one_line_of_json_with_the_time_first(file):
    writer, lines = file
    writer.put(event(rows=2, text="two\nlines"))

    (line,) = lines()
    assert [*line] == ["timestamp", "event", "rows", "text"]
    assert (line["timestamp"], line["text"]) == ("1970-01-01T00:00:00.250Z", "two\nlines")


def test_a_process_that_forks_has_no_thread_and_writes_at_once(tmp_path):
    with (tmp_path / "log").open("wb") as file:
        before = threading.active_count()
        Writer(file.fileno(), at_once=True).put(event())

        assert threading.active_count() == before
    assert json.loads((tmp_path / "log").read_text())["event"] == "test"


def test_on_a_terminal_it_is_for_people():
    screen, terminal = os.openpty()
    writer = Writer(terminal)
    writer.put(event(rows=2))
    writer.flush()

    line = os.read(screen, 2**10).decode()
    assert "1970-01-01T00:00:00.250Z" in line
    assert "rows" in line
    with pytest.raises(json.JSONDecodeError):
        json.loads(line)
    for descriptor in (screen, terminal):
        os.close(descriptor)


@pytest.mark.parametrize("value", ["\ud800", 2**70, float("nan"), {1, 2}, {3: 4}, b"bytes"])
def test_no_value_ends_the_log(file, value):
    writer, lines = file
    writer.put(event(value=value))
    writer.put(event(value="after"))

    assert [len(lines()), lines()[1]["value"]] == [2, "after"]


def test_events_are_written_in_their_order_and_none_is_lost(file):
    writer, lines = file
    threads = [
        threading.Thread(target=lambda: [writer.put(event(n=n)) for n in range(500)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    numbers = [line["n"] for line in lines()]
    assert sorted(numbers) == sorted([*range(500)] * 8)
    assert numbers[0] == 0


def test_a_reader_that_stalls_costs_lines_that_are_counted_and_no_waiting(pipe):
    """`put` returns although nobody reads; each event is written later, or counted."""
    read, write = pipe
    writer = Writer(write, waiting=1_000)
    for _ in range(5_000):
        writer.put(event(text="x" * 1_000))

    lost = writer.take_dropped()
    drain(read, writer)
    assert lost > 0
    assert writer.take_dropped() == 0


def drain(read, writer):
    """Read until the writer has nothing left, so that its thread is not left hanging."""
    os.set_blocking(read, False)
    quiet = 0
    while quiet < 5:
        try:
            quiet = 0 if os.read(read, 2**20) else quiet + 1
        except BlockingIOError:
            quiet += 1
            time.sleep(0.1)
    writer.flush()


def test_every_event_is_either_written_or_counted_as_lost(pipe):
    read, write = pipe
    writer = Writer(write, waiting=100)
    written = []
    reader = threading.Thread(target=lambda: written.extend(lines_until_end(read)))
    reader.start()
    for number in range(20_000):
        writer.put(event(n=number))
    writer.flush()
    writer.put(event(n="end"))
    writer.flush()
    reader.join()

    assert len(written) - 1 + writer.take_dropped() == 20_000
    assert written[:-1] == sorted(written[:-1])


def lines_until_end(read):
    with os.fdopen(os.dup(read)) as stream:
        for line in stream:
            number = json.loads(line)["n"]
            yield number
            if number == "end":
                return


def test_a_file_that_takes_nothing_costs_lines_that_are_counted(tmp_path):
    path = tmp_path / "log"
    path.touch()
    descriptor = os.open(path, os.O_RDONLY)
    writer = Writer(descriptor)
    writer.put(event())
    writer.put(event())
    writer.flush()

    assert writer.take_dropped() == 2
    os.close(descriptor)


def test_a_disk_that_was_full_leaves_no_half_line_behind(tmp_path):
    """A limit on the file's size, in a process of its own, stands for the disk."""
    code = """if True:
        import os, resource, sys
        from monitoring.logs import Writer
        descriptor = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        writer = Writer(descriptor)
        put = lambda n: writer.put({"event": "e", "n": n, "timestamp": 0.0})
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
        for number in range(100):
            put(number)
            writer.flush()
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        put(100)
        writer.flush()
        print(writer.take_dropped())
    """
    path = tmp_path / "log"
    run = subprocess.run(
        [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True
    )

    numbers = [json.loads(line)["n"] for line in path.read_text().splitlines()]
    assert numbers == [*range(len(numbers) - 1), 100]
    assert len(numbers) + int(run.stdout) == 101


STDLIB = """
import logging
from monitoring.logs import configure
from models.sentiment import Review
from serving.errors import ApiError
writer = configure("INFO")
for error in (ValueError("ours"), ApiError(400, "sesame-7f3a")):
    logging.getLogger("bentoml.serve").error("failed", exc_info=error)
try:
    Review(text=["sesame-7f3a"])
except ValueError as error:
    logging.getLogger("bentoml._internal.server").error("sesame-7f3a", exc_info=error)
logging.getLogger("uvicorn.error").debug("too low")
"""


def test_other_libraries_log_in_the_same_form_and_say_nothing_of_refused_requests():
    """BentoML logs a trace, with what was sent, for every request that it refuses."""
    said = subprocess.run([sys.executable, "-c", STDLIB], cwd=ROOT, capture_output=True, check=True)

    (line,) = said.stdout.splitlines()
    told = json.loads(line)
    assert (told["event"], told["logger"], told["level"]) == ("failed", "bentoml.serve", "error")
    assert "ValueError: [" in told["exception"]
    assert MARKER.encode() not in said.stdout + said.stderr


DYING = """
import os, signal, sys
from monitoring.logs import Writer
writer = Writer(sys.stdout.fileno())
for number in range(100):
    writer.put({"timestamp": 0.0, "event": number})
writer.end()
writer.put({"timestamp": 0.0, "event": "last"})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_that_is_ended_has_written_its_last_line():
    """Uvicorn ends its workers by a signal, after their last words."""
    said = subprocess.run([sys.executable, "-c", DYING], cwd=ROOT, capture_output=True, check=False)

    events = [json.loads(line)["event"] for line in said.stdout.splitlines()]
    assert events == [*range(100), "last"]


def test_a_process_that_ends_does_not_wait_for_a_reader_that_stalls(pipe, monkeypatch):
    read, write = pipe
    monkeypatch.setattr(logs, "LAST_SECONDS", 0.01)
    writer = Writer(write)
    for _ in range(200):
        writer.put(event(text="x" * 1_000))
    writer.end()

    drain(read, writer)


def lines_of(sample, *statuses):
    """What is recorded of some answers."""
    recorded: list[dict[str, object]] = []
    account = Account({}, Metrics([]), recorded.append, sample=sample)
    for status in statuses:
        account.tell(exchange.of({}), {"path": "/models", "method": "GET"}, status, 0.1)
    return [line["status"] for line in recorded]


def test_without_sampling_every_answer_has_a_line():
    assert lines_of(1.0, 200, 404, 200) == [200, 404, 200]


def test_good_answers_can_go_without_a_line_and_no_other_can():
    others = [199, 300, 400, 404, 429, 499, 500, 503]

    assert lines_of(0.0, 200, *others, 204, 299) == others


def test_about_as_many_good_answers_have_a_line_as_was_asked_for():
    assert 850 < len(lines_of(0.25, *[200] * 4_000)) < 1_150


def test_what_is_not_logged_is_counted_all_the_same():
    metrics = Metrics([])
    account = Account({}, metrics, lambda _: None, sample=0.0)
    account.tell(exchange.of({}), {"path": "/models", "method": "GET"}, 200, 0.1)

    assert b'tabento_requests_total{path="/models",status="200"} 1.0' in metrics.exposition()


@pytest.mark.slow
def test_a_server_tells_its_whole_life_with_tags_and_hashes(home, tmp_path):
    """And of a request that BentoML's own layers answer it tells the same as of any other."""
    with serving(home, tmp_path, TABENTO_FRONT="off", TABENTO_DRAIN_S="0") as running:
        running.ready()
        _, (request,) = ask(running, "through", {"rows": [ROW] * 2})
        tags = {
            each["tag"]: each["sha256"]
            for each in httpx.get(f"{running.url}/models").json()["models"]
        }
        running.stop()
        lines = [json.loads(line) for line in running.log.read_text().splitlines()]

    life = [line for line in lines if line["event"] in ("starting", "ready", "draining", "stopped")]
    assert [line["event"] for line in life] == ["starting", "ready", "draining", "stopped"]
    assert all(line["models"] == tags for line in life)
    assert (request["rows"], request["batch_rows"], request["model"]) == (2, 2, "sentiment")


def told(running, request_id):
    """All that the server logs of a request: lines keep their order, so a later one ends them."""
    httpx.get(f"{running.url}/livez", headers={"X-Request-ID": f"after-{request_id}"})
    until = time.monotonic() + 20
    while f"after-{request_id}" not in running.log.read_text():
        assert time.monotonic() < until, "nothing was logged"
        time.sleep(0.05)
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    return [line for line in lines if line.get("request_id") == request_id]


def ask(running, request_id, body, path="/sentiment/predict"):
    headers = {"X-Request-ID": request_id, "Content-Type": "application/json"}
    content = body if isinstance(body, bytes) else json.dumps(body)
    answer = httpx.post(running.url + path, content=content, headers=headers)
    return answer, told(running, request_id)


def test_every_line_is_json_with_time_level_and_event(running):
    """The supervisor's, BentoML's and uvicorn's as well."""
    ask(running, "any", {"rows": [ROW]})

    for line in running.log.read_text().splitlines():
        assert {"timestamp", "level", "event"} <= set(json.loads(line)), line


def test_a_request_is_one_line_that_says_what_became_of_it(running):
    answer, lines = ask(running, "one-line", {"rows": [ROW] * 3})

    (line,) = lines
    assert answer.status_code == line["status"] == 200
    assert (line["event"], line["method"], line["path"]) == (
        "request",
        "POST",
        "/sentiment/predict",
    )
    assert (line["rows"], line["request_id"]) == (3, "one-line")
    assert (line["model"], line["version"]) == ("sentiment", answer.json()["version"])
    assert line["batch_rows"] >= 3
    assert 0 < line["queue_ms"] < line["duration_ms"]


def test_an_invalid_request_is_told_with_places_and_kinds(running):
    """S0-10: neither silence nor a trace."""
    answer, lines = ask(running, "invalid", {"rows": [ROW, {"text": 5}]})

    (failed,) = [line for line in lines if line["event"] == "validation_failed"]
    assert answer.status_code == 400
    assert failed["errors"] == [{"loc": ["rows", 1, "text"], "type": "string_type"}]
    assert len(lines) == 2
    assert "batch_rows" not in lines[-1]


@pytest.mark.parametrize(
    "body",
    [
        {"rows": [{"text": MARKER}]},
        {"rows": [{"text": [MARKER]}]},
        {"rows": [{"text": "a", "b": MARKER}]},
        {"rows": MARKER},
        MARKER.encode(),
        {"rows": [{"text": MARKER * 1_000}]},
    ],
)
def test_the_log_never_holds_what_a_client_sent(running, body):
    ask(running, f"private-{abs(hash(str(body)))}", body)

    assert MARKER not in running.log.read_text()


@pytest.mark.parametrize("path", ["/" + "a" * 5_000, "/%ff%00%0a{}", f"/models/{MARKER}/card"])
def test_a_path_that_is_no_route_is_not_repeated(running, path):
    _, (line,) = ask(running, f"path-{len(path)}", b"", path)

    assert (line["path"], line["status"]) == ("[other]", 404 if MARKER not in path else 405)


def test_the_path_of_a_route_is_told_with_its_model(running):
    _, (line,) = ask(running, "known-path", b"", "/models/sentiment/card")

    assert (line["path"], line["status"]) == ("/models/sentiment/card", 405)


def test_a_field_that_there_is_not_is_told_without_its_name(running):
    _, lines = ask(running, "unknown-name", {"rows": [ROW | {MARKER: 1}]})

    (failed,) = [line for line in lines if line["event"] == "validation_failed"]
    assert failed["errors"] == [{"loc": ["rows", 0, "[unknown]"], "type": "extra_forbidden"}]


def test_every_model_is_told_when_it_is_loaded_and_whether_it_was_made_up(running):
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    loaded = {line["model"]: line for line in lines if line["event"] == "model_loaded"}

    assert {name: line["synthetic"] for name, line in loaded.items()} == {
        "breast_cancer": False,
        "loan_default": True,
        "sentiment": True,
    }
    assert all(line["tag"].startswith(f"{name}:") for name, line in loaded.items())
