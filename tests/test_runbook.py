"""Every command of the runbook is run against a real service, and prints what the page says."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from clients import measure
from tests.conftest import ROOT, serving
from tests.store import copy_of

pytestmark = pytest.mark.slow

TEXT = (ROOT / "docs/runbook.md").read_text()
COMMANDS = re.compile(r"^```bash\n(.*?)^```\n+(?:^```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL)
MODEL = "sentiment"
ALERTS = {
    "accuracy-loss", "constant-output", "drift", "errors", "latency", "model-mismatch", "not-ready",
    "prediction-shift", "refusals", "unseen", "worker-loss",
}  # fmt: skip


def blocks():
    """Each command with what it should print, named by its section."""
    for found in COMMANDS.finditer(TEXT):
        section = TEXT[: found.start()].rpartition("\n## ")[2].partition("\n")[0]
        yield pytest.param(found[1], found[2] or "", id=f"{_anchor(section)}-{found.start()}")


def _anchor(heading):
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def older(home):
    """Put yesterday's version of the model into a store; return the version that is the latest."""
    folder = home / "models" / MODEL
    latest = (folder / "latest").read_text().strip()
    subprocess.run(["cp", "-r", str(folder / latest), str(folder / "yesterday")], check=True)
    facts = folder / "yesterday" / "model.yaml"
    text = facts.read_text().replace(f"version: {latest}", "version: yesterday")
    facts.write_text(re.sub(r"creation_time: '\d{4}", "creation_time: '2020", text))
    return latest


@pytest.fixture(scope="module")
def environment(home, tmp_path_factory):
    """What the page wants to be set, for a service that has answered some rows."""
    folder = tmp_path_factory.mktemp("runbook")
    store, _ = copy_of(home, folder / "store")
    version = older(store)
    settings = {"TABENTO_PREDICTIONS_FILE": str(folder / "predictions.db")}
    with serving(store, folder, **settings) as running:
        running.ready()
        names = {
            "BENTOML_HOME": str(running.home),
            "LOG": str(running.log),
            "MODEL": MODEL,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "SERVICE_PID": str(running.process.pid),
            "URL": running.url,
            "VERSION": version,
        }
        _ask(running.url)
        yield os.environ | settings | names


def _ask(url):
    """Rows enough for a verdict, and a wrong request."""
    assert measure.main([url, "--model", MODEL, "--rows", "8", "--requests", "100"]) == 0
    assert httpx.post(f"{url}/{MODEL}/predict", json={"rows": [{}]}).status_code == 400
    # Counted and kept once a second.
    time.sleep(2)


@pytest.mark.parametrize(("command", "printed"), blocks())
def test_a_command_prints_what_the_page_says(environment, command, printed):
    ran = subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    said = ran.stdout + ran.stderr

    assert ran.returncode == 0, said
    assert printed, "a command without what it prints"
    for line in printed.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert re.search(pattern, said), f"{line}\n---\n{said}"


def test_every_alert_and_every_link_has_its_heading():
    headings = {_anchor(found) for found in re.findall(r"^## (.+)$", TEXT, re.MULTILINE)}
    linked = set(re.findall(r"\]\(#([\w-]+)\)", TEXT))

    assert headings >= ALERTS | linked


def test_every_page_that_it_links_is_there():
    for name in re.findall(r"\]\((?!#|http)([^)#]+)", TEXT):
        assert (ROOT / "docs" / name).exists(), name
