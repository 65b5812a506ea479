"""The service and what watches it come up together, and Prometheus scrapes the service.

Prometheus and Alertmanager are this machine's own programs in a container, so that no registry is
asked; Grafana is only checked as a file.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from deploy import hardening
from deploy.engine import EngineError, docker, run
from models import sentiment
from settings import Settings
from tests.conftest import free_port
from tests.deploy.conftest import BASE, ROOT

FILE = ROOT / "deploy" / "compose.yaml"
SERVICES = yaml.safe_load(FILE.read_text())["services"]
# Where Debian's Alertmanager looks for its templates.
TEMPLATES = Path("/usr/share/prometheus/alertmanager")
PROGRAMS = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
# The least that the real ones must do, where a tree has none.
CONFIGURATION = {
    "prometheus/prometheus.yml": "global: {scrape_interval: 1s}\nscrape_configs:\n"
    "  - job_name: tabento\n    static_configs: [{targets: ['tabento:3000']}]\n",
    "alertmanager/alertmanager.yml": "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n",
}
STAND_INS = {
    "prometheus": "COPY prometheus promtool /usr/bin/\n"
    "RUN install --directory --owner=65534 --group=65534 /prometheus\n"
    'USER 65534\nENTRYPOINT ["/usr/bin/prometheus"]\n',
    "alertmanager": "COPY prometheus-alertmanager amtool /usr/bin/\n"
    "COPY templates /usr/share/prometheus/alertmanager\n"
    "RUN install --directory --owner=65534 --group=65534 /alertmanager\n"
    'USER 65534\nENTRYPOINT ["/usr/bin/prometheus-alertmanager"]\n',
}


def test_it_is_of_the_form_that_compose_takes():
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [tool, "--builtin-schema", "vendor.compose-spec", FILE],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_each_is_bounded_started_again_and_can_change_nothing(name):
    service = SERVICES[name]

    assert service["restart"] == "unless-stopped"
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name == "tabento" or "test" in service["healthcheck"]
    for volume in service.get("volumes", []):
        assert volume.endswith(":ro") or not volume.startswith((".", "/")), volume
    for port in service["ports"]:
        assert port.startswith("127.0.0.1:"), port


def unless_set(value):
    """What a variable is where the environment says nothing."""
    found = re.fullmatch(r"\$\{\w+:-(.+)\}", value)
    assert found, value
    return found[1]


def test_the_service_runs_as_hardened_as_anywhere():
    service = SERVICES["tabento"]
    limits = service["deploy"]["resources"]["limits"]
    options = {
        "--read-only",
        *(f"--tmpfs={each}" for each in service["tmpfs"]),
        *(f"--cap-drop={each}" for each in service["cap_drop"]),
        "--security-opt=no-new-privileges",
        f"--memory={unless_set(limits['memory'])}",
        f"--cpus={unless_set(limits['cpus'])}",
        f"--pids-limit={limits['pids']}",
    }

    assert options == set(hardening.RUN)


def test_stopped_it_answers_what_still_comes_and_is_given_the_time():
    service = SERVICES["tabento"]
    longest = Settings().drain_s + Settings().timeout_s

    assert service["environment"]["TABENTO_DRAIN"] == "answer"
    assert int(service["stop_grace_period"].removesuffix("s")) > longest


def test_no_secret_is_in_it():
    environments = [service.get("environment", {}) for service in SERVICES.values()]

    for name in {name for environment in environments for name in environment}:
        assert not re.search("PASSWORD|SECRET|TOKEN|KEY", name), name


@pytest.fixture(scope="module")
def compose():
    """`docker compose`, or the tests are skipped."""
    try:
        docker("compose", "version")
    except EngineError:
        pytest.skip("docker compose is not installed")


def test_compose_finds_it_valid(compose):
    docker("compose", "--file", str(FILE), "config", "--quiet")


@pytest.fixture(scope="module")
def stand_ins(compose, engine, tmp_path_factory):
    """Images of this machine's Prometheus and Alertmanager, by the variable that names them."""
    for program in PROGRAMS:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    folder = tmp_path_factory.mktemp("stand-ins")
    for program in PROGRAMS:
        shutil.copy(shutil.which(program), folder)
    (folder / "templates").mkdir()
    if TEMPLATES.exists():
        shutil.copytree(TEMPLATES, folder / "templates", dirs_exist_ok=True)
    made = {}
    for name, lines in STAND_INS.items():
        tag = f"tabento-test-{name}:{secrets.token_hex(4)}"
        (folder / "Dockerfile").write_text(f"FROM {BASE}\n{lines}")
        docker("build", "--quiet", "--tag", tag, str(folder), DOCKER_BUILDKIT="1")
        made[f"{name.upper()}_IMAGE"] = tag
    yield made
    docker("rmi", "--force", *made.values())


@pytest.fixture(scope="module")
def stack(image, stand_ins, tmp_path_factory):
    """The service, Prometheus and Alertmanager, healthy: their addresses, and how to tell them."""
    folder = _copy(tmp_path_factory.mktemp("compose"))
    names = ("SERVICE_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT")
    ports = {name: str(free_port()) for name in names}
    environment = {"SERVICE_IMAGE": image} | stand_ins | ports
    project = f"tabento-test-{secrets.token_hex(4)}"
    command = ["docker", "compose", "--project-name", project, "--file", str(folder / FILE.name)]
    try:
        run(*command, "up", "--wait", "tabento", "prometheus", "alertmanager", **environment)
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        yield urls, lambda *what: run(*command, *what, **environment)
    finally:
        run(*command, "down", "--volumes", "--timeout=20", **environment)


def _copy(folder):
    """The compose file and what it mounts, for any user to read; scraped every second."""
    shutil.copy(FILE, folder)
    for name in ("prometheus", "alertmanager", "grafana"):
        if (FILE.parent / name).exists():
            shutil.copytree(FILE.parent / name, folder / name)
    for name, text in CONFIGURATION.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        if not file.exists():
            file.write_text(text)
    file = folder / "prometheus" / "prometheus.yml"
    file.write_text(re.sub(r"(scrape_(?:interval|timeout)): \w+", r"\1: 1s", file.read_text()))
    for top, _, files in os.walk(folder):
        Path(top).chmod(0o755)
        for each in files:
            Path(top, each).chmod(0o644)
    return folder


@pytest.mark.slow
@pytest.mark.container
@pytest.mark.timeout(600)
def test_all_come_up_healthy_prometheus_scrapes_the_service_and_reads_its_files_when_told(stack):
    urls, compose = stack
    body = {"rows": [row.model_dump(mode="json") for row in sentiment.EXAMPLE]}
    answer = httpx.post(f"{urls['SERVICE_PORT']}/sentiment/predict", json=body)
    assert answer.status_code == 200

    query = {"query": 'tabento_requests_total{path="/sentiment/predict"} > 0'}
    end = time.monotonic() + 90
    while True:
        answer = httpx.get(f"{urls['PROMETHEUS_PORT']}/api/v1/query", params=query).json()
        if answer["data"]["result"]:
            break
        assert time.monotonic() < end, answer
        time.sleep(0.5)
    rules = httpx.get(f"{urls['PROMETHEUS_PORT']}/api/v1/rules").json()["data"]["groups"]
    assert bool(rules) == (FILE.parent / "prometheus" / "rules.yml").exists()
    assert httpx.get(f"{urls['ALERTMANAGER_PORT']}/-/ready").status_code == 200

    read = "prometheus_config_last_reload_success_timestamp_seconds "
    before = _metric(urls["PROMETHEUS_PORT"], read)
    compose("exec", "-T", "prometheus", "sh", "-c", "kill -HUP 1")
    while _metric(urls["PROMETHEUS_PORT"], read) == before:
        assert time.monotonic() < end
        time.sleep(0.5)


def _metric(url, name):
    lines = httpx.get(f"{url}/metrics").text.splitlines()
    return next(line for line in lines if line.startswith(name))
