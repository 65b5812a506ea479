"""A release loses no request, and a bad one changes nothing."""

import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.engine import docker
from deploy.proxy import Proxy
from deploy.release import LIVE, PREVIOUS, Place
from tests.conftest import ROOT, free_port

pytestmark = [
    pytest.mark.slow,
    pytest.mark.container,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]
BODY = {"rows": [{"text": "good"}]}


@pytest.fixture(scope="module")
def place(image, tmp_path_factory):
    """A place with a first release; everything in it is gone afterwards."""
    folder = tmp_path_factory.mktemp("release")
    place = Place(folder, Proxy(folder, f"127.0.0.1:{free_port()}"))
    done = run(place, image)
    assert done.returncode == 0, done.stderr
    yield place
    place.proxy.stop()
    for role in (LIVE, PREVIOUS):
        if name := place.container(role):
            docker("rm", "--force", name)


def run(place, *arguments):
    command = [sys.executable, "-m", "deploy.release", *arguments]
    command += ["--folder", str(place.folder), "--listen", place.proxy.listen]
    command += ["--deadline", "150"]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


@contextmanager
def load(place, clients=4):
    """Clients that ask without a pause, each on a connection of its own; what they were told."""
    answers, over = [], threading.Event()

    def ask():
        with httpx.Client(base_url=f"http://{place.proxy.listen}", timeout=30) as client:
            while not over.is_set():
                try:
                    answers.append(client.post("/sentiment/predict", json=BODY).status_code)
                except httpx.HTTPError as error:
                    answers.append(repr(error))
                time.sleep(0.01)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def running():
    return set(docker("ps", "--format", "{{.Names}}").split())


def test_a_good_release_and_the_way_back_lose_no_request(place, image):
    first = place.container(LIVE)
    with load(place) as answers:
        there = run(place, image)
        second = place.container(LIVE)
        kept = place.container(PREVIOUS)
        back = run(place, "--rollback")

    assert (there.returncode, back.returncode) == (0, 0), there.stderr + back.stderr
    assert first != second
    assert kept == place.container(LIVE) == first
    assert set(answers) == {200}
    assert first in running()
    assert second not in running()


@pytest.mark.parametrize("fault", ["ends at once", "serves something else"])
def test_a_bad_release_changes_nothing(place, image, fault, tmp_path):
    before, containers = place.container(LIVE), running()
    arguments = ["--env", "TABENTO_WORKERS=none"]
    if fault == "serves something else":
        arguments = ["--expect", str(_expects_another(place, tmp_path))]
    with load(place, clients=1) as answers:
        done = run(place, image, *arguments)

    assert done.returncode == 1
    assert "not released" in done.stderr
    assert place.container(LIVE) == before
    assert running() == containers
    assert set(answers) == {200}


def _expects_another(place, folder):
    """What is live now, but with another hash of one model."""
    file = Path(folder / "expect.json")
    command = [sys.executable, "-m", "clients.smoke", place.proxy.listen, "--record", str(file)]
    subprocess.run(command, cwd=ROOT, check=True)
    before = file.read_text()
    at = before.index('"sha256": "') + len('"sha256": "')
    file.write_text(before[:at] + "0" * 64 + before[at + 64 :])
    return file
