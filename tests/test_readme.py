"""What the README says is run, and what it prints is compared with what comes out."""

import json
import os
import re
import shlex
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.conftest import free_port, wait_until_ready

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def block(language, beginning):
    """The one block of a language that begins like this."""
    (found,) = [text for kind, text in BLOCKS if kind == language and text.startswith(beginning)]
    return found


@pytest.fixture(scope="module")
def port(home, tmp_path_factory):
    """Where the README's first command serves, out of the tests' own store."""
    port = free_port()
    with (tmp_path_factory.mktemp("readme") / "log").open("wb") as log:
        process = subprocess.Popen(
            shlex.split(block("sh", "make serve")),
            cwd=ROOT,
            env=os.environ | {"BENTOML_HOME": str(home), "PORT": str(port)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        wait_until_ready(client, process)
    yield port
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)


def test_the_first_request_gets_the_answer_that_is_printed(port):
    command = block("sh", "curl").replace("localhost:3000", f"127.0.0.1:{port}")
    said = json.loads(subprocess.check_output(["bash", "-c", command]))
    printed = json.loads(block("json", "{"))

    assert said.keys() == printed.keys()
    (found,), (expected,) = said["predictions"], printed["predictions"]
    assert found == {
        name: pytest.approx(value, abs=1e-9) if type(value) is float else value
        for name, value in expected.items()
    }


def test_the_first_thirty_lines_hold_the_commands_and_the_answer():
    first = "\n".join(README.splitlines()[:35])

    assert "make serve" in first
    assert "curl" in first
    assert "predictions" in first


def test_every_file_that_it_links_or_names_is_there():
    named = re.findall(r"\]\((?!http)([^)#]+)\)", README) + re.findall(
        r"`([\w./]+/|[\w/]+\.\w+)`", README
    )

    for name in named:
        assert (ROOT / name).exists(), name


def test_every_make_target_that_it_names_is_one():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"make (\w+)", README)) <= targets
