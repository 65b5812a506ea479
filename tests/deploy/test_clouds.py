"""The files for the clouds are valid, and say what the service needs."""

import json
import shutil
import subprocess

import pytest
import yaml

from settings import Settings
from tests.deploy.conftest import ROOT

DEPLOY = ROOT / "deploy"
TOOLS = ROOT / ".venv-deploy" / "bin" / "python"


def validate(folder):
    """What the clouds' own libraries say of the files in a folder."""
    if not TOOLS.exists():
        pytest.skip("the clouds' libraries are not installed: make tools")
    command = [TOOLS, DEPLOY / "validate.py", folder]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_the_clouds_own_libraries_find_no_fault():
    done = validate(DEPLOY)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr


WRONG = {
    "aws/task-definition.json": ('"stopTimeout": 30', '"stopTimeout": "30"'),
    "aws/service.json": ('"desiredCount"', '"desiredcount"'),
    "aws/autoscaling.json": ('"TargetValue": 60', '"TargetValue": "60"'),
    "google-cloud-run/service.yaml": ("containerConcurrency", "concurrency"),
    "azure/container-app.yaml": ("type: Liveness", "type: Alive"),
}


def test_they_would_find_a_wrong_name_type_or_word(tmp_path):
    for name in ("aws", "google-cloud-run", "azure"):
        shutil.copytree(DEPLOY / name, tmp_path / name)
    for name, (right, wrong) in WRONG.items():
        text = (tmp_path / name).read_text()
        assert right in text
        (tmp_path / name).write_text(text.replace(right, wrong))
    done = validate(tmp_path)

    assert done.returncode == 1
    assert {line.partition(":")[0] for line in done.stdout.splitlines()} == set(WRONG)


def ecs():
    task = json.loads((DEPLOY / "aws" / "task-definition.json").read_text())
    return next(each for each in task["containerDefinitions"] if each["name"] == "tabento")


def cloud_run():
    service = yaml.safe_load((DEPLOY / "google-cloud-run" / "service.yaml").read_text())
    return service["spec"]["template"]


def azure():
    app = yaml.safe_load((DEPLOY / "azure" / "container-app.yaml").read_text())
    return app["properties"]


# What runs there, and how many seconds after SIGTERM it is killed. Cloud Run's ten are given.
PLACES = {
    "ecs": lambda: (ecs()["environment"], ecs()["stopTimeout"]),
    "cloud run": lambda: (cloud_run()["spec"]["containers"][0]["env"], 10),
    "azure": lambda: (
        azure()["template"]["containers"][0]["env"],
        azure()["template"]["terminationGracePeriodSeconds"],
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_is_written_down_is_a_setting_and_the_longest_stop_fits(place, monkeypatch):
    environment, killed_after = PLACES[place]()
    for each in environment:
        monkeypatch.setenv(each["name"], each["value"])
    settings = Settings()

    assert settings.workers == 1
    assert settings.api_keys_file is not None
    assert settings.drain_s + settings.timeout_s < killed_after


@pytest.mark.parametrize("file", sorted(WRONG))
def test_an_image_is_named_by_its_digest(file):
    text = (DEPLOY / file).read_text()

    assert "image" not in text.lower() or "@sha256:DIGEST" in text or "service.json" in file
    assert ":latest" not in text


def test_there_is_always_one_instance():
    """Else the first request after a pause waits for the models to load."""
    service = json.loads((DEPLOY / "aws" / "service.json").read_text())

    assert service["desiredCount"] >= 1
    assert int(cloud_run()["metadata"]["annotations"]["autoscaling.knative.dev/minScale"]) >= 1
    assert azure()["template"]["scale"]["minReplicas"] >= 1


def test_what_does_not_get_well_is_taken_back_by_aws():
    service = json.loads((DEPLOY / "aws" / "service.json").read_text())
    deployment = service["deploymentConfiguration"]

    assert deployment["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert deployment["minimumHealthyPercent"] == 100


def test_they_ask_the_same_routes_as_kubernetes():
    probes = {
        each["type"]: each["httpGet"]["path"]
        for each in azure()["template"]["containers"][0]["probes"]
    }
    run = cloud_run()["spec"]["containers"][0]
    target = json.loads((DEPLOY / "aws" / "target-group.json").read_text())

    assert probes == {"Startup": "/readyz", "Liveness": "/livez", "Readiness": "/readyz"}
    assert run["startupProbe"]["httpGet"]["path"] == "/readyz"
    assert run["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert target["HealthCheckPath"] == "/readyz"
    assert "/livez" in ecs()["healthCheck"]["command"][-1]
