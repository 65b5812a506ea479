"""What the README says is run, and what it prints is compared with what comes out."""

import json
import os
import re
import shlex
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


def block(language, beginning):
    (found,) = [text for kind, text in BLOCKS if kind == language and text.startswith(beginning)]
    return found


@pytest.fixture(scope="module")
def made(store, free_port, tmp_path_factory):
    """The project as `make serve` serves it, on a port of its own, out of the tests' store."""
    log = (tmp_path_factory.mktemp("readme") / "log").open("w")
    environment = os.environ | {"BENTOML_HOME": str(store), "PORT": str(free_port)}
    process = subprocess.Popen(
        shlex.split(block("sh", "make serve")),
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{free_port}"
    wait_until_ready(url)
    yield url
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(30)


def wait_until_ready(url):
    for _ in range(600):
        try:
            if httpx.get(f"{url}/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail("make serve did not get ready")
