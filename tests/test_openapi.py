"""The OpenAPI document is true: schemathesis finds no answer that it does not describe."""

import ast
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from service import CONTRACTS
from serving import info, openapi, wire
from serving.account import PATHS
from serving.errors import CODES, MORE_CODES
from serving.feedback import MOST_BYTES
from serving.wire import ARROW
from settings import Settings
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


@pytest.fixture(scope="module")
def document(client):
    return client.get("/docs.json").json()


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
    assert own | PATHS <= described


def test_every_route_may_answer_that_the_head_is_too_long(document):
    for path, methods in document["paths"].items():
        for method in methods.keys() & {"get", "post"}:
            assert "431" in methods[method]["responses"], path


def test_what_may_take_longer_than_it_may_says_so(document):
    for route in ("reload", "feedback"):
        assert "504" in document["paths"][f"/models/{{model}}/{route}"]["post"]["responses"]


def test_the_largest_bodies_are_told(document):
    most = Settings.model_fields["max_body_bytes"].default
    rows = document["paths"]["/sentiment/predict"]["post"]["requestBody"]["description"]
    outcomes = document["paths"]["/models/{model}/feedback"]["post"]["requestBody"]["description"]

    assert f"At most {most // 2**20} MiB" in rows
    assert f"At most {MOST_BYTES // 2**10} KiB" in outcomes


def arrow_in(document):
    """For each model, what is said of a body and of an answer in Arrow's form."""
    for contract in CONTRACTS:
        predict = document["paths"][f"/{contract.NAME}/predict"]["post"]
        for said in (predict["requestBody"], predict["responses"]["200"]):
            yield contract, said["content"].get(ARROW.decode())


def test_the_arrow_form_of_bodies_and_answers_is_told(document):
    asked, answered = [*arrow_in(document)][::2], [*arrow_in(document)][1::2]
    most = Settings.model_fields["max_arrow_rows"].default

    for (contract, body), (_, answer) in zip(asked, answered, strict=True):
        assert (body["schema"]["type"], body["schema"]["format"]) == ("string", "binary")
        assert f"At most {most} rows" in body["schema"]["description"]
        assert all(name in body["schema"]["description"] for name in contract.ROW.model_fields)
        fields = contract.PREDICTION.model_fields
        assert all(name in answer["schema"]["description"] for name in fields)


def test_where_there_is_no_arrow_the_document_knows_none(document, monkeypatch):
    monkeypatch.setattr(wire, "find_spec", lambda _: None)
    without = openapi.document(CONTRACTS, arrow_rows=wire.most_arrow_rows(10))

    assert {found for _, found in arrow_in(without)} == {None}


def test_every_code_that_is_raised_is_in_the_document(document):
    raised = {code for file in (ROOT / "serving").glob("*.py") for code in codes(file)}

    assert raised <= {*CODES.values(), *MORE_CODES}
    assert raised >= {*MORE_CODES}
    told = document["components"]["schemas"]["Error"]["properties"]["code"]["examples"]
    assert {*told} == {*CODES.values(), *MORE_CODES}


def codes(file):
    """What a module names as the code of an error: `ApiError(status, text, code)`."""
    for call in ast.walk(ast.parse(file.read_text())):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        given = {"ApiError": call.args[2:3], "internal": call.args[:1]}.get(name, [])
        given += [each.value for each in call.keywords if name == "ApiError" and each.arg == "code"]
        yield from (each.value for each in given if isinstance(each, ast.Constant))
