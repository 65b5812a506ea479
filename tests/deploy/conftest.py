"""The manifests as the tools render them."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

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
