"""A service that must not serve ends, once and for all, and says what to do."""

import json
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

import psutil
import pytest

from tests.conftest import ROOT, serving
from tests.store import alter, copy_of
from tests.torture.scrape import until

pytestmark = pytest.mark.slow


def end_of(home, folder, **settings):
    """Start a server that can not serve; its exit code, and what it said."""
    folder.mkdir()
    with serving(home, folder, **settings) as running:
        code = running.process.wait(90)
        return code, running.log.read_text()


def test_without_a_model_it_does_not_start_and_names_the_command_that_trains_it(home, tmp_path):
    store, models = copy_of(home, tmp_path / "store")
    shutil.rmtree(models["sentiment"].parent)

    code, said = end_of(store, tmp_path / "server")
    assert code != 0
    assert "sentiment:latest is not in the model store" in said
    assert "`python -m train sentiment`" in said
    assert "Traceback" not in said


def test_with_an_altered_file_it_ends_before_any_worker_starts(home, tmp_path):
    store, models = copy_of(home, tmp_path / "store")
    file = models["loan_default"] / "model.cbm"
    file.write_bytes(file.read_bytes()[:-1])

    code, said = end_of(store, tmp_path / "server")
    assert code != 0
    assert "model.cbm is not as training wrote it: expected sha256" in said
    assert "Service tabento initialized" not in said


def test_when_a_model_answers_otherwise_the_whole_service_ends_and_is_not_started_again(
    home, tmp_path
):
    """Only a worker can find out, and its supervisor would start it anew for ever."""
    store, models = copy_of(home, tmp_path / "store")
    golden = json.loads((models["sentiment"] / "golden.json").read_text())
    golden["predictions"][3]["confidence"] += 1e-6
    alter(models["sentiment"], "golden.json", json.dumps(golden).encode())

    code, said = end_of(store, tmp_path / "server", TABENTO_WORKERS="2")
    assert code != 0
    assert "row 3 of golden.json has another answer" in said
    assert said.count("Service tabento initialized") <= 2


def test_a_model_file_that_can_not_be_read_ends_it_as_well(home, tmp_path):
    store, models = copy_of(home, tmp_path / "store")
    alter(models["breast_cancer"], "model.skops", b"PK no more")

    code, said = end_of(store, tmp_path / "server")
    assert code != 0
    assert "breast_cancer" in said
    assert "the model file can not be loaded" in said


def test_with_a_wrong_setting_it_does_not_start(home, tmp_path):
    code, said = end_of(home, tmp_path / "server", TABENTO_WORKERS="0")

    assert code != 0
    assert "tabento: TABENTO_WORKERS: Input should be greater than or equal to 1" in said


@pytest.mark.parametrize("content", [None, "no table", "[team]\nsha256 = 'short'\n"])
def test_with_keys_that_can_not_be_read_it_does_not_start(home, tmp_path, content):
    """Or it would be open to all, or its workers would end and be started for ever."""
    file = tmp_path / "keys.toml"
    if content is not None:
        file.write_text(content)

    code, said = end_of(home, tmp_path / "server", TABENTO_API_KEYS_FILE=str(file))
    assert code != 0
    assert said.count(f"the file of keys {file} ") == 1
    assert "Traceback" not in said
    assert "short" not in said
    assert "Service tabento initialized" not in said


def test_a_service_listens_where_it_is_asked_and_nowhere_else(running):
    """BentoML's supervisor had two more ports, and ran what anybody told it there."""
    process = psutil.Process(running.process.pid)
    family = [process, *process.children(recursive=True)]
    found = {
        (each.laddr.ip, each.laddr.port)
        for one in family
        for each in one.net_connections(kind="inet")
        if each.status == "LISTEN" or not each.raddr
    }

    assert found == {("127.0.0.1", int(running.url.rpartition(":")[2]))}


# BentoML's own arbiter, that would never look by itself, and a worker that does nothing.
BLIND = """
from bentoml._internal.utils.circus import create_standalone_arbiter
from circus.watcher import Watcher
from serving import supervisor

supervisor.enlist()
idle = Watcher("idle", "sleep 600", numprocesses=2, warmup_delay={warmup})
create_standalone_arbiter([idle], check_delay=-1).start()
"""


@contextmanager
def blind(warmup):
    """Its process, and a function that gives its children; it is stopped in the end."""
    with subprocess.Popen([sys.executable, "-c", BLIND.format(warmup=warmup)], cwd=ROOT) as process:
        children = psutil.Process(process.pid).children
        try:
            yield process, children
            left = children()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            assert psutil.wait_procs(left, timeout=30)[1] == []
        finally:
            process.kill()


def killed_one(children):
    first, second = until(lambda: pair if len(pair := children()) == 2 else None)
    first.kill()
    until(lambda: first.pid not in {each.pid for each in children()})
    assert second.is_running()


def test_a_worker_that_was_killed_is_replaced_when_the_system_says_so():
    with blind(warmup=0) as (_, children):
        killed_one(children)
        killed_one(children)
        until(lambda: len(children()) == 2)


def test_a_worker_that_has_no_handler_yet_does_not_end_at_sighup():
    with blind(warmup=0) as (process, children):
        pair = until(lambda: found if len(found := children()) == 2 else None)
        process.send_signal(signal.SIGHUP)

        assert psutil.wait_procs(pair, timeout=2)[0] == []


def test_it_stops_when_it_is_told_to_while_it_starts_a_worker():
    with blind(warmup=3) as (_, children):
        killed_one(children)
        until(lambda: len(children()) == 2)
