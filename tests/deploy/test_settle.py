"""A release that was killed is taken back by the next run, or ended where it was decided.

`docker` here is a stand-in that writes down what it is asked; nginx is real.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest

from deploy.place import LIVE, PREVIOUS, Place, Step
from deploy.proxy import Proxy
from tests.conftest import ROOT, free_port
from tests.deploy.conftest import nginx_folder
from tests.deploy.watched import until

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")

DOCKER = """#!/bin/sh
[ "$1" = "$FAKE_AT" ] && kill -$FAKE_END $PPID && sleep 0.5
case "$1" in
  ps) echo there ;;
  inspect) cat "$FAKE/facts" ;;
  create) exit 1 ;;
  *) echo "$*" >>"$FAKE/asked" ;;
esac
"""
FACTS = {"NetworkSettings": {"Ports": {}}, "State": {"ExitCode": 0}}
OLD, NEW = "127.0.0.1:1", "127.0.0.1:2"


@pytest.fixture
def place(tmp_path):
    """Nginx sends to the new one, and the one who told it to was killed."""
    tool = tmp_path / "docker"
    tool.write_text(DOCKER)
    tool.chmod(0o755)
    (tmp_path / "facts").write_text(json.dumps([FACTS]))
    with nginx_folder() as folder:
        place = Place(folder, Proxy(folder, f"127.0.0.1:{free_port()}"))
        place.proxy.switch(NEW)
        yield place
        place.proxy.stop()


def run(place, tools, at="", end="", what="an-image"):
    """One that can not create its container, and is ended by a signal when it asks `at` docker."""
    command = [sys.executable, "-m", "deploy.release", what]
    command += ["--folder", str(place.folder), "--listen", place.proxy.listen]
    own = {
        "FAKE": str(tools),
        "FAKE_AT": at,
        "FAKE_END": end,
        "PATH": f"{tools}:{os.environ['PATH']}",
    }
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | own, check=False, capture_output=True, text=True
    )


def killed(place, step, live):
    """Leave the place as a release leaves it that was killed in this step."""
    place.propose(live)
    place.decide()
    place.keep(step.forgotten)
    place.begin(step)


def next_run(place, tools):
    """What it asks of docker, after it settled what was there."""
    assert "create" in run(place, tools).stderr
    assert place.under_way() is None
    return (tools / "asked").read_text().splitlines()


@pytest.mark.parametrize("end", ["HUP", "INT", "TERM"])
def test_told_to_stop_it_takes_back_what_it_began(place, tmp_path, end):
    done = run(place, tmp_path, "create", end)

    assert done.returncode == 1
    assert f"not released: told to stop by SIG{end}" in done.stderr
    assert (tmp_path / "asked").read_text().startswith("rm --force tabento-")
    assert place.under_way() is None


def test_told_to_stop_once_more_it_goes_back_to_the_end(place, tmp_path):
    done = run(place, tmp_path, "rm", "TERM")

    assert done.returncode == 1
    assert "create" in done.stderr
    assert place.under_way() is None


def test_killed_it_leaves_its_step_to_the_next(place, tmp_path):
    assert run(place, tmp_path, "create", "KILL").returncode == -9

    step = place.under_way()
    assert step
    assert f"rm --force {step.new}" in next_run(place, tmp_path)


def test_undecided_it_is_taken_back(place, tmp_path):
    killed(place, Step("new", "old", OLD, "older"), live="old")

    asked = next_run(place, tmp_path)
    assert asked[:2] == ["stop new", "rm --force new"]
    assert (place.proxy.point(OLD), place.container(LIVE)) == (False, "old")
    assert place.container(PREVIOUS) == "older"


def test_undecided_the_one_that_is_kept_is_kept(place, tmp_path):
    killed(place, Step("older", "old", OLD, "older"), live="old")

    assert "rm --force older" not in next_run(place, tmp_path)
    assert place.proxy.point(OLD) is False


def test_decided_it_is_ended(place, tmp_path):
    killed(place, Step("new", "old", OLD, "older"), live="new")

    asked = next_run(place, tmp_path)
    assert asked[:4] == [
        "update --restart=unless-stopped new",
        "update --restart=no old",
        "stop --time=30 old",
        "rm --force older",
    ]
    assert (place.proxy.point(NEW), place.container(LIVE)) == (False, "new")
    assert place.container(PREVIOUS) == "old"


def test_after_a_reboot_requests_go_to_what_was_live_again(place, tmp_path):
    place.propose("old")
    place.decide()
    place.proxy.stop()
    until(lambda: not [*place.folder.glob("*.pid")])
    host, port = OLD.split(":")
    published = {"Ports": {"3000/tcp": [{"HostIp": host, "HostPort": port}]}}
    (tmp_path / "facts").write_text(json.dumps([FACTS | {"NetworkSettings": published}]))
    done = run(place, tmp_path, what="--resume")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text() == "start old\n"
    assert place.proxy.point(OLD) is False


def test_where_nothing_was_released_nothing_is_resumed(place, tmp_path):
    done = run(place, tmp_path, what="--resume")

    assert done.returncode == 1
    assert "nothing was released" in done.stderr
