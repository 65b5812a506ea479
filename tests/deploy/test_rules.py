"""The rules are valid, ring when they must and else not, and say where help is."""

import re
import shutil
import subprocess

import pytest
import yaml

from monitoring import drift
from monitoring.divergence import LEAST_ROWS
from tests.deploy.conftest import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
RUNBOOK = ROOT / "docs" / "runbook.md"
GROUPS = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]


def run(tool, *command):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed: it comes with Debian's prometheus packages")
    done = subprocess.run([tool, *command], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_takes_its_configuration_and_its_rules():
    assert f"{len(RULES)} rules found" in run(
        "promtool", "check", "config", str(PROMETHEUS / "prometheus.yml")
    )


def test_alerts_ring_when_they_must_and_else_not():
    assert "SUCCESS" in run("promtool", "test", "rules", str(PROMETHEUS / "rules_test.yml"))


@pytest.mark.parametrize("name", sorted({alert["alert"] for alert in ALERTS}))
def test_every_alert_is_tried_by_one_that_rings(name):
    tried = (PROMETHEUS / "rules_test.yml").read_text()

    assert f'alertname="{name}"' in tried


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_what_it_is_and_where_help_is(alert):
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert re.fullmatch(r"docs/runbook\.md#[a-z0-9-]+", alert["annotations"]["runbook_url"])


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_its_help_is_there(alert):
    if not RUNBOOK.exists():
        pytest.skip("docs/runbook.md is not there")
    headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}

    assert alert["annotations"]["runbook_url"].partition("#")[2] in anchors


def test_the_page_explains_every_alert_and_no_other():
    page = (ROOT / "docs" / "alerts.md").read_text()

    assert set(re.findall(r"\bTabento[A-Z]\w+", page)) == {alert["alert"] for alert in ALERTS}


def test_the_levels_of_drift_are_those_of_the_report():
    levels = {
        float(level)
        for rule in RULES
        if rule.get("alert") in ("TabentoFeatureDrift", "TabentoScoreDrift")
        for level in re.findall(r"[<>]=? ([\d.]+)", rule["expr"])
    }
    (judged,) = (rule["expr"] for rule in RULES if rule.get("record") == "tabento:judged_rows")

    assert levels == {drift.MODERATE, drift.MAJOR}
    assert set(re.findall(r">= (\d+)", judged)) == {str(LEAST_ROWS)}


def test_alertmanager_takes_its_configuration():
    assert "SUCCESS" in run("amtool", "check-config", str(ALERTMANAGER))


@pytest.mark.parametrize(
    ("severity", "receiver"), [("critical", "pagerduty"), ("warning", "slack"), ("info", "mail")]
)
def test_who_is_told_depends_on_how_bad_it_is(severity, receiver):
    told = run(
        "amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}",
        "alertname=TabentoErrors", f"severity={severity}",
    )  # fmt: skip

    assert told.strip() == receiver


def test_no_secret_is_in_the_configuration():
    text = ALERTMANAGER.read_text()

    assert not re.findall(r"(?m)^\s*-? *(?:\w*password|\w*_key|\w*api_url|\w*token): ", text)
