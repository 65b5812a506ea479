"""Alertmanager, with the project's file, really tells somebody."""

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from tests.conftest import free_port
from tests.deploy.conftest import ROOT
from tests.deploy.watched import until

FILE = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
SECRETS = "/etc/alertmanager/secrets"
PROGRAM = "prometheus-alertmanager"


@pytest.fixture
def slack():
    """An address like Slack's, and what was sent there."""
    sent = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", sent
        server.shutdown()
        thread.join()


@pytest.fixture
def alertmanager(slack, tmp_path):
    """Its address; it waits for no company, and its only secret is where Slack is."""
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed: it comes with Debian's package of that name")
    (tmp_path / "slack_url").write_text(slack[0])
    text = (
        FILE.read_text()
        .replace(SECRETS, str(tmp_path))
        .replace("group_wait: 30s", "group_wait: 0s")
    )
    (tmp_path / "alertmanager.yml").write_text(text)
    url = f"127.0.0.1:{free_port()}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                PROGRAM, f"--config.file={tmp_path / 'alertmanager.yml'}",
                f"--storage.path={tmp_path}", f"--web.listen-address={url}",
                "--cluster.listen-address=",
            ],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until(lambda: _ready(url))
        yield f"http://{url}"
    finally:
        process.terminate()
        process.wait(30)


def _ready(url):
    try:
        return httpx.get(f"http://{url}/-/ready").status_code == 200
    except httpx.TransportError:
        return False


def tell(url, severity):
    labels = {"alertname": "TabentoFeatureDrift", "model": "m", "feature": severity}
    annotations = {
        "summary": f"m: {severity}",
        "description": "Its PSI is 0.5.",
        "runbook_url": "docs/runbook.md#drift",
    }
    alert = {"labels": labels | {"severity": severity}, "annotations": annotations}
    assert httpx.post(f"{url}/api/v2/alerts", json=[alert]).status_code == 200


def test_a_warning_arrives_with_what_it_is_and_where_help_is(alertmanager, slack):
    tell(alertmanager, "warning")
    (message,) = until(lambda: slack[1])
    (told,) = message["attachments"]

    assert told["title"] == "FIRING: TabentoFeatureDrift m"
    assert told["text"].strip() == "m: warning\nIts PSI is 0.5. See docs/runbook.md#drift"


def test_a_secret_that_is_not_there_is_logged_and_stops_nothing(alertmanager, slack, tmp_path):
    tell(alertmanager, "critical")
    until(lambda: "pagerduty_key" in (tmp_path / "log").read_text())

    assert httpx.get(f"{alertmanager}/-/ready").status_code == 200
    assert slack[1] == []


def test_a_warning_about_one_field_does_not_silence_what_is_told_of_another(alertmanager):
    tell(alertmanager, "warning")
    tell(alertmanager, "info")
    alerts = until(lambda: _processed(alertmanager))

    assert [each["status"]["inhibitedBy"] for each in alerts] == [[], []]


def _processed(url):
    alerts = httpx.get(f"{url}/api/v2/alerts").json()
    done = all(each["status"]["state"] != "unprocessed" for each in alerts)
    return alerts if len(alerts) == 2 and done else None
