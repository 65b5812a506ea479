"""The unit for a single machine is valid, and its release goes one container after the other."""

import os
import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.deploy.conftest import ROOT

SYSTEMD = ROOT / "deploy" / "systemd"
UNIT = (SYSTEMD / "tabento@.service").read_text()
IMAGE = "registry.example/tabento@sha256:" + "b" * 64


def verify(folder, text):
    """What systemd says of the unit, where docker is whatever there is."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = folder / "tabento@3001.service"
    unit.write_text(text.replace("/usr/bin/docker", shutil.which("true")))
    (folder / "docker.service").write_text(f"[Service]\nExecStart={shutil.which('true')}\n")
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{folder}:"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    return [line for line in done.stderr.splitlines() if "tabento" in line]


def test_systemd_finds_no_fault(tmp_path):
    assert verify(tmp_path, UNIT) == []


def test_it_would_find_one(tmp_path):
    assert verify(tmp_path, UNIT.replace("RestartSec=5", "RestartSecs=5"))


def seconds(name, text):
    (found,) = re.findall(rf"{name}[= ](\d+)", text)
    return int(found)


def test_the_container_is_locked_down_and_stopped_in_time():
    command = UNIT.partition("ExecStart=")[2].partition("\n#")[0]
    settings = (SYSTEMD / "settings.env").read_text()
    longest = seconds("TABENTO_DRAIN_S", settings) + seconds("TABENTO_TIMEOUT_S", settings)

    assert longest < seconds("docker stop --time", UNIT) < seconds("TimeoutStopSec", UNIT)
    for option in ("--read-only", "--cap-drop ALL", "no-new-privileges", "--user 1034:1034"):
        assert option in command
    assert "127.0.0.1:%i:3000" in command


def test_nginx_finds_no_fault(tmp_path):
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}}\n"
        f"http {{ access_log off; include {SYSTEMD}/nginx.conf; }}\n"
    )
    done = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-c", whole], check=False, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


SYSTEMCTL = '#!/bin/sh\necho "$*" >>"$FAKE/asked"\n'
DOCKER = f"""#!/bin/sh
case "$*" in *{IMAGE}) ;; *) echo "no such image" >&2; exit 1 ;; esac
"""


class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def machine(tmp_path):
    """Two instances that are always ready; systemctl, and docker, which has no image but that one.

    Both write down what changes something.
    """
    for name, script in {"systemctl": SYSTEMCTL, "docker": DOCKER}.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Ready) for _ in range(2)]
    for server in servers:
        Thread(target=server.serve_forever, daemon=True).start()
    first, second = (server.server_port for server in servers)
    script = tmp_path / "release.sh"
    text = (SYSTEMD / "release.sh").read_text()
    script.write_text(text.replace("(3001 3002)", f"({first} {second})"))
    script.chmod(0o755)
    for port in (first, second):
        (tmp_path / f"{port}.env").write_text("IMAGE=old\n")
    yield tmp_path, first, second
    for server in servers:
        server.shutdown()
        server.server_close()


def release(folder, image=IMAGE, smoke=""):
    environment = os.environ | {
        "FAKE": str(folder),
        "TABENTO_ETC": str(folder),
        "SMOKE": smoke,
        "PATH": f"{folder}:{os.environ['PATH']}",
    }
    return subprocess.run(
        [folder / "release.sh", image], env=environment, check=False, capture_output=True, text=True
    )


def test_one_container_is_changed_after_the_other(machine):
    folder, first, second = machine
    done = release(folder)

    assert done.returncode == 0, done.stderr
    assert (folder / "asked").read_text() == (
        f"restart tabento@{first}\nrestart tabento@{second}\n"
    )
    assert (folder / f"{second}.env").read_text() == f"IMAGE={IMAGE}\n"


def test_where_the_first_answers_wrong_the_second_is_never_touched(machine):
    folder, first, second = machine
    done = release(folder, smoke="false")

    assert done.returncode == 1
    assert (folder / "asked").read_text() == f"restart tabento@{first}\n" * 2
    for port in (first, second):
        assert (folder / f"{port}.env").read_text() == "IMAGE=old\n"


# It answers wrong where it is the second that is asked.
SECOND_WRONG = '#!/bin/sh\ntest "$1" = "http://127.0.0.1:$FIRST"\n'
# Whoever sits before it loses the connection.
HANG_UP = "#!/bin/sh\nkill -HUP $PPID\nsleep 0.1\n"


def smoke(folder, script, first):
    tool = folder / "smoke"
    tool.write_text(script.replace("$FIRST", str(first)))
    tool.chmod(0o755)
    return str(tool)


def test_where_the_second_answers_wrong_the_first_serves_until_that_is_back(machine):
    folder, first, second = machine
    done = release(folder, smoke=smoke(folder, SECOND_WRONG, first))

    assert done.returncode == 1
    assert (folder / "asked").read_text().split() == [
        *("restart", f"tabento@{first}", "restart", f"tabento@{second}"),
        *("restart", f"tabento@{second}", "restart", f"tabento@{first}"),
    ]
    for port in (first, second):
        assert (folder / f"{port}.env").read_text() == "IMAGE=old\n"


def test_told_to_stop_it_goes_back(machine):
    folder, first, _ = machine
    done = release(folder, smoke=smoke(folder, HANG_UP, first))

    assert done.returncode == 1
    assert (folder / "asked").read_text() == f"restart tabento@{first}\n" * 2
    assert (folder / f"{first}.env").read_text() == "IMAGE=old\n"


def test_an_image_that_can_not_be_had_stops_nothing(machine):
    folder, _, _ = machine
    done = release(folder, IMAGE.replace("b" * 64, "c" * 64))

    assert done.returncode == 1
    assert "no such image" in done.stderr
    assert not (folder / "asked").exists()


def test_a_tag_is_refused(machine):
    folder, _, _ = machine

    assert release(folder, "registry.example/tabento:latest").returncode == 2
    assert not (folder / "asked").exists()
