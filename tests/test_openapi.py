"""The OpenAPI document is true: schemathesis finds no answer that it does not describe."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from serving import info
from tests.conftest import ROOT, serving

KEY = "a key that opens all"
# Raise it for a long look by hand.
SECONDS = os.environ.get("SCHEMATHESIS_SECONDS", "25")


@pytest.fixture(scope="module")
def keyed(home, tmp_path_factory):
    """A server that asks for keys on every route but the probes."""
    folder = tmp_path_factory.mktemp("keyed")
    keys = folder / "keys.toml"
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    keys.write_text(f"[all]\nsha256 = '{digest}'\nreload = true\n")
    settings = {
        "TABENTO_API_KEYS_FILE": str(keys),
        "TABENTO_PROTECT": "all",
        "TABENTO_PREDICTIONS_FILE": str(folder / "predictions.db"),
    }
    with serving(home, folder, **settings) as running:
        yield running.ready()


@pytest.mark.slow
def test_no_answer_differs_from_the_document(keyed, tmp_path):
    document = tmp_path / "docs.json"
    document.write_text(httpx.get(f"{keyed.url}/docs.json", headers={"X-API-Key": KEY}).text)
    done = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file"),
            *(str(ROOT / "tests" / "schemathesis.toml"), "run", str(document), "--url", keyed.url),
            *("--header", f"X-API-Key: {KEY}", "--phases", "examples,coverage,fuzzing"),
            *("--checks", "all", "--seed", "1", "--max-time", SECONDS, "--no-color"),
            *("--generation-database", "none"),
        ],
        # What it keeps there of one run it would repeat in the next one without the rules.
        cwd=tmp_path,
        env=os.environ | {"SCHEMATHESIS_HOOKS": "tests.contract_rules", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:]


def test_the_document_names_every_route_that_is_answered(client):
    described = set(client.get("/docs.json").json()["paths"])
    own = {route.path for route in info.app().routes}
    assert own <= described
