"""Before bentoml is imported anywhere: a store of the tests' own, one thread, nobody told."""

import importlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import hypothesis
import pytest

# How long an example takes says nothing on a machine that does other things as well.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

DEPLOY = "tests/deploy/"
ROOT = Path(__file__).parent.parent
HOME = tempfile.mkdtemp(prefix="tabento-tests-")
# `make test ARGS=…` is about this run alone, not about what a test starts with make.
for name in ("ARGS", "MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS"):
    os.environ.pop(name, None)
os.environ |= {"BENTOML_HOME": HOME, "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1"}


def pytest_xdist_make_scheduler(config, log):
    """For several processes: a file's tests stay together, and so do all that need the image."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return DEPLOY if file.startswith(DEPLOY) else file

    return Scheduling(config, log)


def pytest_collection_modifyitems(items):
    """Those take longest: begun last, the other processes would wait for them."""
    items.sort(key=lambda item: not item.nodeid.startswith(DEPLOY))


@pytest.fixture(scope="session", autouse=True)
def _no_store_is_left_behind():
    yield
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def home():
    """A BENTOML_HOME that holds the three models, trained once by the real command."""
    subprocess.run([sys.executable, "-m", "train", "--missing"], cwd=ROOT, check=True)
    return Path(HOME)


@pytest.fixture(scope="session")
def client(home):
    """The whole service in this process, ready: every layer but the socket."""
    with in_process() as client:
        wait_until_ready(client)
        yield client


@contextmanager
def in_process():
    """A client of the service in this process, which is bentoml's current one until the end.

    A process has one, and one that ends leaves none: the one before is put back.
    """
    from starlette.testclient import TestClient

    from service import SERVICE

    # The package has a function of the module's name, which an import statement would find.
    current = importlib.import_module("_bentoml_sdk.service")
    before = current._current_service
    try:
        with TestClient(SERVICE.to_asgi()) as client:
            yield client
    finally:
        current.set_current_service(before)


@pytest.fixture(scope="session")
def running(home, tmp_path_factory):
    """A real server with the models, for the tests that leave it as it is."""
    with serving(home, tmp_path_factory.mktemp("server")) as running:
        yield running.ready()


@pytest.fixture(scope="session")
def server(running):
    """Its address."""
    return running.url


@contextmanager
def serving(home, folder, command=("serve", "."), cwd=ROOT, **settings):
    """`bentoml serve`, with a store of its own: two servers in one ruin each other's metrics."""
    own = folder / "home"
    shutil.copytree(home / "models", own / "models")
    port = free_port()
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bentoml", *command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=cwd,
            env=os.environ | {"BENTOML_HOME": str(own)} | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    running = Running(process, f"http://127.0.0.1:{port}", log, own)
    try:
        yield running
    finally:
        running.stop()


class Running:
    """A server that was started: its process, address and log."""

    def __init__(self, process, url, log, home):
        self.process, self.url, self.log, self.home = process, url, log, home

    def ready(self):
        with httpx.Client(base_url=self.url) as client:
            wait_until_ready(client, self.process)
        return self

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def wait_until_ready(client, process=None, seconds=90):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process is not None and process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode}")
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail("the service did not get ready")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
