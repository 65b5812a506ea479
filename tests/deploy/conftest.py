"""One image for the whole run, containers that are gone afterwards, and manifests as rendered."""

import os
import secrets
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import yaml

from deploy import hardening
from deploy.engine import EngineError, docker, inspect
from deploy.image import build
from tests.conftest import wait_until_ready

BASE = "python:3.11-slim"
ROOT = Path(__file__).parent.parent.parent
KUBERNETES = ROOT / "deploy" / "kubernetes"
ENVIRONMENTS = ("staging", "production")


def render(folder):
    """Every resource of a kustomization, by kind."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed: it holds kustomize")
    text = subprocess.check_output(["kubectl", "kustomize", str(folder)], text=True)
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


@pytest.fixture(scope="session", params=["base", *(f"overlays/{name}" for name in ENVIRONMENTS)])
def resources(request):
    return render(KUBERNETES / request.param)


@pytest.fixture(scope="session")
def production():
    return render(KUBERNETES / "overlays" / "production")


def pod_of(resources):
    return resources["Deployment"]["spec"]["template"]["spec"]


def environment_of(resources):
    """What the container's environment says, of either kind."""
    (container,) = pod_of(resources)["containers"]
    own = {each["name"]: each["value"] for each in container.get("env", [])}
    return resources["ConfigMap"]["data"] | own


@contextmanager
def nginx_folder():
    """A folder that the workers of an nginx started by root get at: pytest's own are closed."""
    with tempfile.TemporaryDirectory(prefix="tabento-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def engine():
    """A container engine that has the base image, or can get it; else the test is skipped."""
    if shutil.which("docker") is None:
        pytest.skip("docker is not installed")
    try:
        docker("info")
    except EngineError as error:
        pytest.skip(f"no container engine answers: {error}")
    if not docker("images", "--quiet", BASE).strip():
        try:
            docker("pull", "--quiet", BASE)
        except EngineError as error:
            pytest.skip(f"{BASE} is not here and cannot be pulled: {error}")


@pytest.fixture(scope="session")
def image(engine, home):
    """The image with the tests' own models, made by the real command's own function."""
    tag = f"tabento-test:{secrets.token_hex(4)}"
    bento = build.image(tag, BASE)
    yield tag
    docker("rmi", "--force", tag, bento, f"{bento}-bento")


@pytest.fixture(scope="session")
def start(image):
    """A context manager that runs the image hardened, ready, and removes it."""

    @contextmanager
    def starting(*options):
        name = f"tabento-test-{secrets.token_hex(4)}"
        publish = "--publish=127.0.0.1::3000"
        docker("run", "--detach", "--name", name, publish, *hardening.RUN, *options, image)
        try:
            (port,) = inspect(name)["NetworkSettings"]["Ports"]["3000/tcp"]
            url = f"http://127.0.0.1:{port['HostPort']}"
            with httpx.Client(base_url=url) as client:
                wait_until_ready(client, seconds=150)
            yield SimpleNamespace(name=name, url=url)
        finally:
            docker("rm", "--force", name)

    return starting


@pytest.fixture(scope="session")
def container(start):
    """One container for all tests that leave it as it is, run by a user nobody has heard of."""
    with start("--user=1000650000:0", "--env=TABENTO_WORKERS=2") as running:
        yield running


os.environ.setdefault("DOCKER_CLI_HINTS", "false")
