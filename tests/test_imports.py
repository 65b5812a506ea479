"""An import loads what it names and does nothing: asked in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRACTS = sorted(file.stem for file in (ROOT / "models").glob("[a-z]*.py"))
HEAVY = {"catboost", "joblib", "pandas", "pyarrow", "scipy", "sklearn", "skops"}

LOOK = """
import json, os, sys
opened = []
sys.addaudithook(lambda event, given: event == "open" and opened.append((str(given[0]), given[1])))
import {module}
print(json.dumps([sorted(sys.modules), opened]))
"""


def look(module, home):
    """Import a module with an empty store; say what was loaded, and which files were opened."""
    command = [sys.executable, "-c", LOOK.format(module=module)]
    environment = os.environ | {"BENTOML_HOME": str(home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    loaded, opened = json.loads(done.stdout)
    return {name.partition(".")[0] for name in loaded}, opened


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def service(empty):
    return look("service", empty)


def test_the_service_loads_no_training_code(service):
    assert "train" not in service[0]


def test_the_service_loads_no_library_of_a_model_before_it_needs_one(service):
    assert not service[0] & HEAVY


def test_importing_the_service_looks_at_no_store_and_writes_nothing(service, empty):
    written = [name for name, mode in service[1] if mode and set(mode) & set("wax+")]

    assert not [name for name, _ in service[1] if name.startswith(str(empty))]
    assert not [name for name in written if not name.endswith(".pyc") and name != os.devnull]
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_contract_knows_only_pydantic_and_numpy(contract, empty):
    loaded, _ = look(f"models.{contract}", empty)
    ours = {"models", "monitoring", "service", "serving", "settings", "train"}

    assert loaded & ours == {"models"}
    assert not loaded & (HEAVY | {"bentoml", "prometheus_client", "starlette", "structlog"})


ANSWER = """
import importlib, sys
sys.modules["train"] = None
import bentoml
from serving import artifact
model = importlib.import_module("models.{module}")
artifact.read(model, bentoml.models.get("{module}:latest")).runner.predict(model.EXAMPLE)
"""


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_model_loads_and_answers_where_training_can_not_be_imported(contract, home):
    """Else it would not in a Bento, which has no training code."""
    command = [sys.executable, "-c", ANSWER.format(module=contract)]

    subprocess.run(command, cwd=ROOT, env=os.environ | {"BENTOML_HOME": str(home)}, check=True)
