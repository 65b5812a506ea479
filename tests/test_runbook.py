"""Every command of the runbook is run against a real service, and prints what the page says."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml

from clients import measure
from tests.conftest import ROOT, serving
from tests.store import copy_of

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs/runbook.md"
TEXT = PAGE.read_text()
RULES = ROOT / "deploy/prometheus/rules.yml"
COMMANDS = re.compile(r"^```bash\n(.*?)^```\n+(?:^```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
MODEL = "sentiment"
KEY = "a key of the runbook"
# Entries about keys, and one that ends a worker: they have a service of their own.
APART = {"401-and-403", "key-rotation", "worker-loss"}
ALERTS = {
    "accuracy-loss", "constant-output", "drift", "errors", "latency", "model-mismatch", "not-ready",
    "prediction-shift", "refusals", "unseen", "worker-loss",
}  # fmt: skip


def entries():
    """The text of each entry, by its anchor."""
    found = {}
    for part in TEXT.split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        found[_anchor(heading)] = text
    return found


def _anchor(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def blocks(*, apart):
    """Each command with what it should print, named by its entry."""
    return [
        pytest.param(command, printed, id=f"{anchor}-{number}")
        for anchor, text in entries().items()
        if (anchor in APART) is apart
        for number, (command, printed) in enumerate(COMMANDS.findall(text))
    ]


def older(home):
    """Put an older version of the model into a store; return the version that is the latest."""
    folder = home / "models" / MODEL
    latest = (folder / "latest").read_text().strip()
    shutil.copytree(folder / latest, folder / "yesterday")
    facts = folder / "yesterday" / "model.yaml"
    text = facts.read_text().replace(f"version: {latest}", "version: yesterday")
    facts.write_text(re.sub(r"creation_time: '\d{4}", "creation_time: '2020", text))
    return latest


def environment(running, **more):
    """What the page wants to be set."""
    return os.environ | {
        "BENTOML_HOME": str(running.home),
        "LOG": str(running.log),
        "MODEL": MODEL,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "SERVICE_PID": str(running.process.pid),
        "URL": running.url,
        **more,
    }


@pytest.fixture(scope="module")
def busy(home, tmp_path_factory):
    """A service that has answered some rows, keeps them, and could go back to an older model."""
    folder = tmp_path_factory.mktemp("busy")
    store, _ = copy_of(home, folder / "store")
    version = older(store)
    settings = {"TABENTO_PREDICTIONS_FILE": str(folder / "predictions.db")}
    with serving(store, folder, **settings) as running:
        running.ready()
        # Rows enough for a verdict, and a wrong request.
        asked = [running.url, "--model", MODEL, "--rows", "8", "--requests", "100"]
        assert measure.main(asked) == 0
        wrong = httpx.post(f"{running.url}/{MODEL}/predict", json={"rows": [{}]})
        assert wrong.status_code == 400
        # Counted and kept once a second.
        time.sleep(2)
        yield environment(running, VERSION=version, **settings)


@pytest.fixture(scope="module")
def keyed(home, tmp_path_factory):
    """A service with API keys."""
    folder = tmp_path_factory.mktemp("keyed")
    file = folder / "keys.toml"
    file.write_text(f"[reports_2026]\nsha256 = '{hashlib.sha256(KEY.encode()).hexdigest()}'\n")
    with serving(home, folder, TABENTO_API_KEYS_FILE=str(file)) as running:
        running.ready()
        yield environment(running, KEY=KEY, KEYS=str(file))


def check(command, printed, environment):
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 0, ran.stdout
    assert printed, "a command without what it prints"
    for line in printed.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert re.search(pattern, ran.stdout), f"{line}\n---\n{ran.stdout}"


@pytest.mark.parametrize(("command", "printed"), blocks(apart=False))
def test_a_command_prints_what_the_page_says(busy, command, printed):
    check(command, printed, busy)


@pytest.mark.parametrize(("command", "printed"), blocks(apart=True))
def test_a_command_about_keys_or_workers_prints_what_the_page_says(keyed, command, printed):
    check(command, printed, keyed)


def test_every_alert_has_an_entry_that_says_what_to_ask_what_to_do_and_when_it_is_over():
    found = entries()

    assert found.keys() >= ALERTS
    for anchor in ALERTS:
        assert COMMANDS.search(found[anchor]), anchor
        assert re.search(r"^\|.* do \|$", found[anchor], re.MULTILINE), anchor
        assert "\n**Over** when " in found[anchor], anchor


@pytest.mark.skipif(not RULES.exists(), reason="deploy/prometheus/rules.yml is not there")
def test_every_link_of_an_alert_leads_to_an_entry():
    groups = yaml.safe_load(RULES.read_text())["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    links = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in alerts}

    assert links
    for alert, link in links.items():
        page, _, anchor = link.partition("#")
        assert page.endswith(f"docs/{PAGE.name}"), alert
        assert anchor in entries(), alert


def test_every_link_within_the_page_leads_to_an_entry():
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= entries().keys()


def test_every_page_that_it_links_is_there_with_its_heading():
    for name, anchor in re.findall(r"\]\((?!#|http)([^)#]+)#?([\w-]*)\)", TEXT):
        page = ROOT / "docs" / name
        headings = re.findall(r"^##+ (.+)$", page.read_text(), re.MULTILINE)
        assert not anchor or anchor in map(_anchor, headings), f"{name}#{anchor}"
