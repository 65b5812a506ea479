"""A real Prometheus on loopback that watches a real service."""

import shutil
import subprocess
import time
from contextlib import contextmanager

import httpx
import pytest
import yaml

from tests.conftest import free_port
from tests.deploy.conftest import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
# An alert waits so long before it rings, here; the files say minutes.
PENDING = "2s"


@contextmanager
def prometheus(target, folder):
    """With the project's files, all but its pace: every second, and alerts that wait no minutes."""
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed: it comes with Debian's package of that name")
    _write(folder, target)
    port = free_port()
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus", f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield Prometheus(f"http://127.0.0.1:{port}").ready()
    finally:
        process.terminate()
        process.wait(30)


def _write(folder, target):
    settings = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
    settings["global"] = dict.fromkeys(settings["global"], "1s")
    del settings["alerting"]
    settings["scrape_configs"][0]["static_configs"][0]["targets"] = [target]
    rules = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                rule["for"] = PENDING
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))


class Prometheus:
    """What it says, by its own API."""

    def __init__(self, url):
        self.url = url

    def _get(self, path, **query):
        answer = httpx.get(f"{self.url}{path}", params=query, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def ready(self):
        def answers():
            try:
                return httpx.get(f"{self.url}/-/ready").status_code == 200
            except httpx.TransportError:
                return False

        until(answers)
        return self

    def ask(self, expression):
        """Every series with its value."""
        found = self._get("/api/v1/query", query=expression)["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def values(self, name, *labels, **given):
        """The values of a metric, by some of its labels."""
        matching = ",".join(f'{key}="{value}"' for key, value in given.items())
        found = self.ask(f"{name}{{{matching}}}")
        return {tuple(each[label] for label in labels): value for each, value in found}

    def alerts(self):
        """Which are on: how each is called, of what, and whether it rings or still waits."""
        return [
            (each["labels"]["alertname"], each["labels"], each["state"])
            for each in self._get("/api/v1/alerts")["alerts"]
        ]

    def faults(self):
        """Rules that could not be worked out."""
        groups = self._get("/api/v1/rules")["groups"]
        return [
            (rule["name"], rule["lastError"])
            for group in groups
            for rule in group["rules"]
            if rule.get("lastError")
        ]


def until(condition, seconds=60):
    """Wait for something that is true, and give it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            pytest.fail("it did not happen")
        time.sleep(0.1)
    return found
