"""What is known of the packages in the image: a bill of all of them, and their known holes."""

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from tests.conftest import ROOT, free_port

pytestmark = pytest.mark.slow

SHIPPED = ROOT / "requirements/image.txt"


def make(*words):
    command = ["make", "--no-print-directory", *words, f"PYTHON={sys.executable}"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=200
    )


@pytest.fixture(scope="module", autouse=True)
def _tools():
    """The environment of cyclonedx-py and pip-audit, made once."""
    try:
        made = make(".audit/.made")
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        pytest.skip(f".audit/ can not be made: {error}")
    if made.returncode:
        pytest.skip(f".audit/ can not be made: {made.stderr.strip().splitlines()[-1]}")


@pytest.fixture(scope="module")
def bill():
    made = make("sbom")
    assert made.returncode == 0, made.stderr
    return json.loads((ROOT / "dist/sbom.cdx.json").read_text())


def locked():
    """Every package of the lock, with its version and the hashes that it may have."""
    text = SHIPPED.read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if re.match(r"[a-z0-9]", line)]
    return {
        tuple(re.match(r"([a-z0-9.-]+)==([^ ;]+)", line).groups()): set(
            re.findall(r"--hash=sha256:([0-9a-f]{64})", line)
        )
        for line in lines
    }


def test_the_bill_of_materials_names_exactly_what_is_locked_with_its_hashes(bill):
    found = {
        (component["name"], component["version"]): {
            each["content"]
            for reference in component["externalReferences"]
            for each in reference["hashes"]
        }
        for component in bill["components"]
    }

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["name"] == "tabento"
    assert found == locked()
    assert len(found) == len(bill["components"])


def test_the_bill_of_materials_names_no_host_and_no_folder(bill):
    text = json.dumps({**bill, "$schema": ""})

    assert "://" not in text
    assert str(ROOT) not in text


def test_the_same_lock_gives_the_same_bill(bill):
    assert make("sbom").returncode == 0
    assert json.loads((ROOT / "dist/sbom.cdx.json").read_text()) == bill


@contextmanager
def known_holes(package):
    """A database of holes, of OSV's form, that knows one hole in one package."""

    class Holes(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hole = {"id": "OSV-2026-1", "affected": [], "summary": "runs what it reads"}
            self._answer({"vulns": [hole]} if asked["package"]["name"] == package else {})

        def _answer(self, body):
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Holes) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f'ARGS=--vulnerability-service osv --osv-url "http://127.0.0.1:{server.server_port}"'
        server.shutdown()
        thread.join()


def test_a_hole_in_one_locked_package_is_told_after_all_locks_were_read():
    with known_holes("skops") as arguments:
        audit = make("audit", arguments)

    locks = [f"requirements/{file.name}:" for file in (ROOT / "requirements").glob("*.txt")]
    assert audit.returncode != 0
    assert "OSV-2026-1" in audit.stdout
    assert [line for line in audit.stdout.splitlines() if line in locks] == sorted(locks)


def test_without_a_known_hole_the_audit_passes():
    with known_holes("none") as arguments:
        audit = make("audit", arguments)

    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert "No known vulnerabilities found" in audit.stderr


def test_where_the_database_can_not_be_asked_the_audit_fails_and_says_so():
    nowhere = f"http://127.0.0.1:{free_port()}"
    audit = make("audit", f'ARGS=--vulnerability-service osv --osv-url "{nowhere}"')

    assert audit.returncode != 0
    assert "the database could not be asked" in audit.stderr
    assert "No known vulnerabilities found" not in audit.stderr


def test_ci_audits_every_night_and_what_could_not_be_audited_fails():
    workflow = yaml.safe_load((ROOT / ".github/workflows/nightly.yml").read_text())
    steps = workflow["jobs"]["audit"]["steps"]
    recipe = make("--dry-run", "audit").stdout

    assert "make audit" in [step.get("run") for step in steps]
    assert not [each for each in (workflow["jobs"]["audit"], *steps) if "continue-on-error" in each]
    assert "pip-audit --strict --require-hashes" in recipe
