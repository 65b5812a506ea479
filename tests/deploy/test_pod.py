"""The Deployment of staging really runs, as `podman play kube` understands it.

Podman gets the very image that the other tests ask, from Docker's engine. It leaves out what a
cluster does around a pod: probes (they need systemd), preStop, spreading, policies.
"""

import json
import os
import resource
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

pytestmark = [
    pytest.mark.slow,
    pytest.mark.container,
    pytest.mark.timeout(600),
    pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed"),
]

KEY = "a key for this test"
# Its sha256, as `python -m serving.keys` would have written it.
KEYS = "[test]\nsha256 = '6402c94f12325d9fd728a9ad0b3448901fc51bee57a160563c8444a9afec22c8'\n"
BODY = {"rows": [row.model_dump(mode="json") for row in sentiment.EXAMPLE]}


def podman(*arguments):
    return subprocess.run(["podman", *arguments], check=False, capture_output=True, text=True)


@pytest.fixture(scope="module", autouse=True)
def permitted(tmp_path_factory):
    """Podman asks for higher limits than some machines let even root have: ask for less."""
    with pytest.MonkeyPatch.context() as patch:
        if "CONTAINERS_CONF" not in os.environ:
            files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            wanted = [f"nofile={files}:{files}", "nproc=32768:32768"]
            file = tmp_path_factory.mktemp("podman") / "containers.conf"
            file.write_text(f"[containers]\ndefault_ulimits = {json.dumps(wanted)}\n")
            patch.setenv("CONTAINERS_CONF", str(file))
        yield


@pytest.fixture(scope="module")
def loaded(image):
    """The name of the same image in podman's own store."""
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saving:
        command = ["podman", "load", "--quiet"]
        subprocess.run(command, stdin=saving.stdout, check=True, stdout=subprocess.DEVNULL)
    name = f"localhost/{image}"
    yield name
    podman("rmi", "--force", name)


@pytest.fixture(scope="module")
def pod(loaded, tmp_path_factory):
    """The pod's address, and its container."""
    port = free_port()
    folder = tmp_path_factory.mktemp("pod")
    keys = Path(tempfile.mkdtemp(prefix="tabento-keys-"))
    keys.chmod(0o755)
    (keys / "keys.toml").write_text(KEYS)
    file = folder / "pod.yaml"
    file.write_text(yaml.safe_dump_all(_played(loaded, port, keys), sort_keys=False))
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


# One test, as its last step ends what the others ask, and tests are run in any order.
def test_the_pod_answers_who_has_a_key_has_no_rights_and_told_to_stop_ends_well(pod):
    client, container = pod

    _answers_who_has_a_key(client)
    _has_no_rights_and_writes_nowhere_but_in_memory(container)
    _ends_well_and_in_time(container)


def _answers_who_has_a_key(client):
    path = "/sentiment/predict"

    assert client.post(path, json=BODY).status_code == 401
    answer = client.post(path, json=BODY, headers={"X-API-Key": KEY})
    assert answer.status_code == 200
    assert len(answer.json()["predictions"]) == len(sentiment.EXAMPLE)


def _has_no_rights_and_writes_nowhere_but_in_memory(container):
    status = podman("exec", container, "cat", "/proc/1/status").stdout

    assert podman("exec", container, "id", "-u").stdout.strip() == "1034"
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert podman("exec", container, "touch", "/here").returncode != 0
    in_memory = podman("exec", container, "touch", "/tmp/here")  # noqa: S108 - the one in there
    assert in_memory.returncode == 0


def _ends_well_and_in_time(container):
    began = time.monotonic()
    podman("stop", "--time", "40", container)
    state = podman("inspect", "--format", "{{.State.ExitCode}}", container)

    assert state.stdout.strip() == "0"
    assert time.monotonic() - began < 40
