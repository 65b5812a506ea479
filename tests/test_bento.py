"""A Bento holds what serves and nothing else, and answers the same wherever it is unpacked."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from models import breast_cancer, loan_default, sentiment
from tests.conftest import serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parent.parent
MODELS = [breast_cancer, loan_default, sentiment]
NEWER = "z" * 16
BENTOML = (sys.executable, "-m", "bentoml")
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "data")


def run(cwd, home, *command):
    """Run a command that should end well, with a store of its own; what it prints."""
    environment = os.environ | {"BENTOML_HOME": str(home)}
    done = subprocess.run(
        command, cwd=cwd, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def only_bento(home):
    (folder,) = (each for each in (home / "bentos" / "tabento").iterdir() if each.is_dir())
    return folder


@pytest.fixture(scope="module")
def built(home, tmp_path_factory):
    """Built from a copy of the tree, with a file of data and a notebook lying about; its store."""
    store = tmp_path_factory.mktemp("built")
    shutil.copytree(home / "models", store / "models")
    tree = store / "tree"
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    (tree / "models" / "rows.csv").write_text("secret\n")
    (tree / "serving" / "notes.ipynb").write_text("{}")
    run(tree, store, *BENTOML, "build")
    return store


@pytest.fixture(scope="module")
def unpacked(built, tmp_path_factory):
    """The exported file, imported into an empty store."""
    store = tmp_path_factory.mktemp("unpacked")
    file = store / "tabento.bento"
    run(built, built, *BENTOML, "export", "tabento:latest", str(file))
    run(store, store, *BENTOML, "import", str(file))
    return store


@pytest.fixture(scope="module")
def moved_on(unpacked, tmp_path_factory):
    """A store that has got a newer model since: the same once more, as version `NEWER`."""
    store = tmp_path_factory.mktemp("moved_on")
    shutil.copytree(unpacked / "models", store / "models")
    folder = store / "models" / "loan_default"
    version = (folder / "latest").read_text()
    shutil.copytree(folder / version, folder / NEWER)
    facts = folder / NEWER / "model.yaml"
    facts.write_text(facts.read_text().replace(version, NEWER))
    (folder / "latest").write_text(NEWER)
    return store


@pytest.fixture(scope="module")
def served(unpacked, moved_on, tmp_path_factory):
    """Served from a folder that holds nothing of ours."""
    folder = tmp_path_factory.mktemp("served")
    command = ("serve", str(only_bento(unpacked)))
    with serving(moved_on, folder, command, cwd=folder) as running:
        yield running.ready().url


def test_it_holds_exactly_the_code_that_serves(built):
    src = only_bento(built) / "src"
    folders = [ROOT / name for name in ("models", "serving", "monitoring")]
    code = [ROOT / "service.py", ROOT / "settings.py"]
    code += [file for folder in folders for file in folder.rglob("*.py")]

    found = {str(file.relative_to(src)) for file in src.rglob("*") if file.is_file()}
    # The last one is BentoML's own: it writes down how it was built.
    assert found == {str(file.relative_to(ROOT)) for file in code} | {"bentofile.yaml"}


def test_it_is_installed_from_the_lock(built):
    asked = (only_bento(built) / "env" / "python" / "requirements.txt").read_text()

    assert pins((ROOT / "requirements" / "image.txt").read_text()) <= pins(asked)
    assert "index-url" not in asked


def pins(lines):
    """Versions and hashes; BentoML writes what else is on their lines in its own way."""
    words = [word.rstrip(";") for word in lines.split()]
    return {word for word in words if "==" in word or word.startswith("--hash")}


def test_it_names_the_models_that_it_was_built_with(built):
    (service,) = yaml.safe_load((only_bento(built) / "bento.yaml").read_text())["services"]
    latest = {file.parent.name: file.read_text() for file in built.glob("models/*/latest")}

    assert {each["tag"] for each in service["models"]} == {f"{n}:{v}" for n, v in latest.items()}


def test_what_was_exported_brings_its_models_along(unpacked):
    assert {each.name for each in (unpacked / "models").iterdir()} == {m.NAME for m in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_from_another_folder_it_answers_the_same(served, client, model):
    body = {"rows": [row.model_dump(mode="json") for row in model.EXAMPLE]}
    path, headers = f"/{model.NAME}/predict", {"X-Request-ID": "same"}

    answer = httpx.post(served + path, json=body, headers=headers)
    assert answer.status_code == 200
    assert answer.content == client.post(path, json=body, headers=headers).content


CALL = """
import json, sys, bentoml
url, bodies = sys.argv[1], json.loads(sys.argv[2])
with bentoml.SyncHTTPClient(url) as client:
    for name, rows in bodies.items():
        bodies[name] = getattr(client, "predict_" + name)({"rows": rows})
print(json.dumps(bodies))
"""


def test_bentomls_own_client_can_call_every_model(served, tmp_path):
    """In a process of its own, which knows nothing of ours."""
    rows = {model.NAME: [r.model_dump(mode="json") for r in model.EXAMPLE] for model in MODELS}
    said = run(tmp_path, tmp_path, sys.executable, "-c", CALL, served, json.dumps(rows))

    for name, answer in json.loads(said).items():
        assert (answer["model"], len(answer["predictions"])) == (name, len(rows[name]))
    assert set(json.loads(said)) == set(rows)


def version(url):
    body = {"rows": [row.model_dump(mode="json") for row in loan_default.EXAMPLE]}
    return httpx.post(f"{url}/loan_default/predict", json=body).json()["version"]


def test_it_serves_the_models_it_was_built_with_though_the_store_has_newer_ones(served, unpacked):
    assert version(served) == (unpacked / "models" / "loan_default" / "latest").read_text()


def test_another_version_is_served_where_the_operator_names_it(unpacked, moved_on, tmp_path):
    """That is a rollback, or here the way forward."""
    command = ("serve", str(only_bento(unpacked)))
    tag = {"TABENTO_LOAN_DEFAULT_TAG": f"loan_default:{NEWER}"}
    with serving(moved_on, tmp_path, command, cwd=tmp_path, **tag) as running:
        assert version(running.ready().url) == NEWER
