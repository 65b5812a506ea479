"""A release loses no request, and a bad one changes nothing."""

import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from deploy.engine import docker, inspect
from deploy.place import LIVE, PREVIOUS, Place
from deploy.proxy import Proxy
from settings import Settings
from tests.conftest import ROOT, free_port
from tests.deploy.conftest import nginx_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.container,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]
BODY = {"rows": [{"text": "good"}]}


@pytest.fixture(scope="module")
def place(image):
    """A place with a first release; everything in it is gone afterwards."""
    with nginx_folder() as folder:
        place = Place(folder, Proxy(folder, f"127.0.0.1:{free_port()}"))
        done = run(place, image)
        assert done.returncode == 0, done.stderr
        yield place
        place.proxy.stop()
        for role in (LIVE, PREVIOUS):
            if name := place.container(role):
                docker("rm", "--force", name)


def run(place, *arguments, tools=""):
    command = [sys.executable, "-m", "deploy.release", "--deadline", "150", *arguments]
    command += ["--folder", str(place.folder), "--listen", place.proxy.listen]
    path = {"PATH": f"{tools}:{os.environ['PATH']}"} if tools else {}
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | path, check=False, capture_output=True, text=True
    )


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
    """Releases alone: other tests start containers at the same time."""
    own = "--filter=name=^tabento-[0-9a-f]{8}$"
    return set(docker("ps", own, "--format", "{{.Names}}").split())


def test_good_then_bad_then_back_by_hand_and_no_request_is_lost(place, image, tmp_path):
    first, expected = place.container(LIVE), _expects_another(place, tmp_path)
    with load(place) as answers:
        good = run(place, image)
        second, kept = place.container(LIVE), place.container(PREVIOUS)
        containers = running()
        bad = run(place, image, "--expect", str(expected))
        after_bad = running()
        back = run(place, "--rollback")

    assert (good.returncode, bad.returncode, back.returncode) == (0, 1, 0), good.stderr
    assert "expected" in bad.stderr
    assert after_bad == containers
    assert first != second
    assert kept == place.container(LIVE) == first
    assert place.container(PREVIOUS) == second
    assert first in running()
    assert second not in running()
    assert len(answers) > 100
    assert set(answers) == {200}


def test_one_that_ends_at_once_is_not_waited_for_and_changes_nothing(place, image):
    before, containers = place.container(LIVE), running()
    began = time.monotonic()
    done = run(place, image, "--env", "TABENTO_WORKERS=none", "--deadline", "600")

    assert done.returncode == 1
    assert "TABENTO_WORKERS" in done.stderr
    assert time.monotonic() - began < 300
    assert place.container(LIVE) == before
    assert running() == containers


# Whether nginx is told of the same container as before.
SAME = """#!/bin/sh
same() {{ test "$(grep -m1 'server 127' {before})" = "$(grep -m1 'server 127' {conf})"; }}
"""
# Passes on to the real docker, but from the moment that nginx is told of another container it
# knows of none, until nginx is told to go back; or whoever asks is ended.
DOCKER = (
    SAME
    + """
if [ "$1" = inspect ] && ! same; then
  sleep 1
  {then}
fi
exec {docker} "$@"
"""
)
GONE = "echo the engine is gone >&2; exit 1"
# Passes on to the real nginx, which takes a second to point back.
NGINX = (
    SAME
    + """
case "$*" in
*reload*) if same; then (sleep 1; exec {nginx} "$@") >/dev/null 2>&1 & exit; fi ;;
esac
exec {nginx} "$@"
"""
)
ENDS = {
    "the engine is gone": (GONE, 1),
    # Killed it says nothing.
    "": ("kill -KILL $PPID", -9),
}


def stand_ins(folder, before, conf, then):
    """A docker that ends a release after its switch, and an nginx that goes back slowly."""
    for name, script in {"docker": DOCKER, "nginx": NGINX}.items():
        real = {name: shutil.which(name)}
        (folder / name).write_text(script.format(before=before, conf=conf, then=then, **real))
        (folder / name).chmod(0o755)
    return folder


def upstream(conf):
    return conf.read_text().partition("server 127.0.0.1:")[2].partition(";")[0]


@pytest.mark.parametrize("said", ENDS)
def test_cut_short_after_the_switch_it_leaves_the_requests_to_the_old_one_and_nothing_else(
    place, image, tmp_path, said
):
    live, containers, conf = place.container(LIVE), running(), place.folder / "switch.conf"
    before = shutil.copy(conf, tmp_path / "before")
    then, code = ENDS[said]
    with load(place) as answers:
        done = run(place, image, tools=stand_ins(tmp_path, before, conf, then))
        # Who was killed can do nothing more: the next one does, whatever becomes of it.
        after = run(place, "127.0.0.1:1/no-such-image")
        assert upstream(conf) == upstream(before)

    assert (done.returncode, after.returncode) == (code, 1), done.stderr
    assert said in done.stderr
    assert "no-such-image" in after.stderr
    assert place.container(LIVE) == live
    assert running() == containers
    assert place.under_way() is None
    assert set(answers) == {200}


def test_where_it_can_not_be_written_down_nothing_is_begun(place, image):
    before, containers = place.container(LIVE), running()
    (place.folder / "live.new").mkdir()
    try:
        done = run(place, image)
    finally:
        (place.folder / "live.new").rmdir()

    assert done.returncode == 1
    assert "not released" in done.stderr
    assert place.container(LIVE) == before
    assert running() == containers


def test_stopped_a_release_answers_what_still_comes_and_is_given_the_time(place):
    facts = inspect(place.container(LIVE))["Config"]

    assert "TABENTO_DRAIN=answer" in facts["Env"]
    assert facts["StopTimeout"] == place.grace > Settings().drain_s + Settings().timeout_s


# The last one: it takes the old one away.
def test_one_whose_predecessor_was_removed_by_hand_serves_and_a_warning_says_so(place, image):
    gone = place.container(LIVE)
    docker("rm", "--force", gone)
    done = run(place, image, "--docker=--memory=600m")
    new = place.container(LIVE)

    assert done.returncode == 0, done.stderr
    assert "warning" in done.stderr
    assert gone in done.stderr
    assert new in running()
    assert inspect(new)["HostConfig"]["Memory"] == 600 * 2**20
    answer = httpx.post(f"http://{place.proxy.listen}/sentiment/predict", json=BODY, timeout=30)
    assert answer.status_code == 200


def _expects_another(place, folder):
    """What is live now, but with another hash of one model."""
    file = Path(folder / "expect.json")
    command = [sys.executable, "-m", "clients.smoke", place.proxy.listen, "--record", str(file)]
    subprocess.run(command, cwd=ROOT, check=True)
    before = file.read_text()
    at = before.index('"sha256": "') + len('"sha256": "')
    file.write_text(before[:at] + "0" * 64 + before[at + 64 :])
    return file
