"""The Deployment of staging really runs, as `podman play kube` understands it.

TEST_IMAGE names the image, which podman must have. Podman leaves out what a cluster does around a
pod: probes (they need systemd), preStop, spreading, policies.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
import pytest
import yaml

from models import sentiment
from tests.conftest import free_port, wait_until_ready
from tests.deploy.conftest import KUBERNETES, render

pytestmark = pytest.mark.slow

KEY = "a key for this test"
# Its sha256, as `python -m serving.keys` would have written it.
KEYS = "[test]\nsha256 = '6402c94f12325d9fd728a9ad0b3448901fc51bee57a160563c8444a9afec22c8'\n"
BODY = {"rows": [row.model_dump(mode="json") for row in sentiment.EXAMPLE]}


def podman(*arguments):
    return subprocess.run(["podman", *arguments], check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def pod(tmp_path_factory):
    """The pod's address, and its container."""
    image = os.environ.get("TEST_IMAGE", "")
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed")
    if podman("image", "exists", image or "none").returncode != 0:
        pytest.skip("TEST_IMAGE names no image that podman has")
    port = free_port()
    folder = tmp_path_factory.mktemp("pod")
    keys = Path(tempfile.mkdtemp(prefix="tabento-keys-"))
    keys.chmod(0o755)
    (keys / "keys.toml").write_text(KEYS)
    file = folder / "pod.yaml"
    file.write_text(yaml.safe_dump_all(_played(image, port, keys), sort_keys=False))
    played = podman("play", "kube", str(file))
    try:
        assert played.returncode == 0, played.stderr
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_until_ready(client)
            yield client, "tabento-pod-0-tabento"
    finally:
        podman("play", "kube", "--down", str(file))
        podman("volume", "rm", "--force", "tmp")
        shutil.rmtree(keys)


def _played(image, port, keys):
    resources = render(KUBERNETES / "overlays" / "staging")
    pod = resources["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    container["image"] = image
    container["ports"][0] |= {"hostPort": port, "hostIP": "127.0.0.1"}
    # Podman 4.3 writes a Secret into its volume without decoding it: a folder stands for it.
    volumes = {each["name"]: each for each in pod["volumes"]}
    del volumes["keys"]["secret"]
    volumes["keys"]["hostPath"] = {"path": str(keys), "type": "Directory"}
    return [resources["ConfigMap"], resources["Deployment"]]


def test_it_answers_who_has_a_key(pod):
    client, _ = pod
    path = "/sentiment/predict"

    assert client.post(path, json=BODY).status_code == 401
    answer = client.post(path, json=BODY, headers={"X-API-Key": KEY})
    assert answer.status_code == 200
    assert len(answer.json()["predictions"]) == len(sentiment.EXAMPLE)


def test_it_has_no_rights_and_writes_nowhere_but_in_memory(pod):
    _, container = pod
    status = podman("exec", container, "cat", "/proc/1/status").stdout

    assert podman("exec", container, "id", "-u").stdout.strip() == "1034"
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert podman("exec", container, "touch", "/here").returncode != 0


# The last one: it stops what the others ask.
def test_told_to_stop_it_ends_well_and_in_time(pod):
    _, container = pod
    began = time.monotonic()
    podman("stop", "--time", "40", container)
    state = podman("inspect", "--format", "{{.State.ExitCode}}", container)

    assert state.stdout.strip() == "0"
    assert time.monotonic() - began < 40
