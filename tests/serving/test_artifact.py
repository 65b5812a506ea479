"""An artifact is checked before it is trusted, and its text says what to do."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import bentoml
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore

from models import breast_cancer, loan_default, sentiment
from serving import artifact, estimator
from serving.artifact import ArtifactError
from serving.versions import current_versions

MODELS = [breast_cancer, loan_default, sentiment]
FILES = {
    "breast_cancer": ["preprocessor.skops", "model.skops"],
    "sentiment": ["preprocessor.skops", "model.skops"],
    "loan_default": ["model.cbm"],
}


@pytest.fixture
def folder(home, tmp_path):
    """A copy of the models that a test may ruin."""
    copy = tmp_path / "models"
    subprocess.run(["cp", "-r", str(home / "models"), str(copy)], check=True)
    BentoMLContainer.model_store.set(ModelStore(copy))
    yield lambda name: Path(bentoml.models.get(f"{name}:latest").path)
    BentoMLContainer.model_store.reset()


@pytest.fixture
def nothing_is_deserialised(monkeypatch):
    """Whoever gets as far as reading a model file fails."""

    def too_far(_folder):
        pytest.fail("a model file was read before all was checked")

    monkeypatch.setattr(estimator, "load", too_far)


def stored(name):
    return bentoml.models.get(f"{name}:latest")


def refusal(model):
    with pytest.raises(ArtifactError) as caught:
        artifact.read(model, stored(model.NAME))
    assert f"python -m train {model.NAME}" in str(caught.value)
    return str(caught.value)


def sign_again(folder, **changed):
    """Change the manifest as somebody would who can write the store."""
    manifest = json.loads((folder / "manifest.json").read_text()) | changed
    content = json.dumps(manifest).encode()
    (folder / "manifest.json").write_bytes(content)
    old = stored(folder.parent.name).info.metadata["manifest_sha256"]
    new = hashlib.sha256(content).hexdigest()
    text = (folder / "model.yaml").read_text()
    (folder / "model.yaml").write_text(text.replace(old, new))


@pytest.mark.parametrize("model", MODELS)
def test_what_was_saved_can_be_read(model, folder):
    read = artifact.read(model, stored(model.NAME))

    assert read.manifest.gate == "passed"
    assert (
        read.sha256
        == hashlib.sha256((folder(model.NAME) / "manifest.json").read_bytes()).hexdigest()
    )


@pytest.mark.parametrize("model", MODELS)
def test_no_file_of_it_is_a_pickle(model, folder):
    names = {file.name for file in folder(model.NAME).iterdir()}

    assert {*FILES[model.NAME], "manifest.json", "golden.json", "reference.json"} <= names
    for file in folder(model.NAME).iterdir():
        assert file.suffix in {".skops", ".cbm", ".json", ".html", ".md", ".yaml", ".bin"}
        # Numbers that say which rows were learned may begin with any byte.
        assert file.name == "learned.bin" or not file.read_bytes().startswith(b"\x80"), file


def test_no_pickle_is_loaded_ever(home):
    """In a process of its own, which ends at the first class that a pickle looks for."""
    code = """if True:
        import sys, bentoml
        from models import breast_cancer, loan_default, sentiment
        from serving import artifact
        for model in (breast_cancer, loan_default, sentiment):
            artifact.read(model, bentoml.models.get(f"{model.NAME}:latest"))
        seen = []
        def hook(event, given):
            if event == "pickle.find_class":
                seen.append(given)
        sys.addaudithook(hook)
        for model in (breast_cancer, loan_default, sentiment):
            artifact.read(model, bentoml.models.get(f"{model.NAME}:latest"))
        import collections, pickle
        assert not seen, seen
        pickle.loads(pickle.dumps(collections.OrderedDict))
        assert seen, "the hook sees nothing"
    """
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("nothing_is_deserialised")
@pytest.mark.parametrize("model", MODELS)
class TestBeforeAnythingIsDeserialised:
    def test_a_missing_file_is_refused(self, model, folder):
        for name in FILES[model.NAME]:
            content = (folder(model.NAME) / name).read_bytes()
            (folder(model.NAME) / name).unlink()
            assert f"{name} is missing" in refusal(model)
            (folder(model.NAME) / name).write_bytes(content)

    def test_a_truncated_file_is_refused(self, model, folder):
        for name in FILES[model.NAME]:
            content = (folder(model.NAME) / name).read_bytes()
            (folder(model.NAME) / name).write_bytes(content[:-1])
            assert name in refusal(model)
            (folder(model.NAME) / name).write_bytes(content)

    def test_a_flipped_bit_is_refused_with_both_hashes(self, model, folder):
        file = folder(model.NAME) / FILES[model.NAME][-1]
        content = bytearray(file.read_bytes())
        expected = hashlib.sha256(content).hexdigest()
        content[len(content) // 2] ^= 1
        file.write_bytes(content)

        text = refusal(model)
        assert expected in text
        assert hashlib.sha256(content).hexdigest() in text

    def test_a_file_too_many_is_refused(self, model, folder):
        (folder(model.NAME) / "saved_model.pkl").write_bytes(b"\x80\x04.")

        assert "saved_model.pkl" in refusal(model)

    def test_an_altered_manifest_is_refused(self, model, folder):
        file = folder(model.NAME) / "manifest.json"
        file.write_text(file.read_text() + " ")

        assert "manifest.json" in refusal(model)

    def test_a_missing_manifest_is_refused(self, model, folder):
        (folder(model.NAME) / "manifest.json").unlink()

        assert "manifest.json is missing" in refusal(model)

    @pytest.mark.parametrize("library", ["python", "scikit-learn", "catboost"])
    def test_another_minor_version_is_refused_and_both_are_named(self, model, folder, library):
        here = current_versions()
        if library == "python":
            versions = here.model_dump() | {"python": "3.9.1"}
        else:
            versions = here.model_dump() | {"libraries": here.libraries | {library: "0.9.1"}}
        sign_again(folder(model.NAME), versions=versions)

        text = refusal(model)
        assert "9.1" in text
        assert "TABENTO_ALLOW_VERSION_MISMATCH=1" in text

    def test_another_models_artifact_is_refused(self, model, folder):
        other = MODELS[MODELS.index(model) - 1]
        with pytest.raises(ArtifactError, match=f"expected the model {other.NAME}"):
            artifact.read(other, stored(model.NAME))


def test_another_patch_version_is_taken(folder):
    here = current_versions()
    newer = {name: f"{'.'.join(v.split('.')[:2])}.99" for name, v in here.libraries.items()}
    sign_again(folder("sentiment"), versions=here.model_dump() | {"libraries": newer})

    assert artifact.read(sentiment, stored("sentiment")).version_mismatch == ()


def test_another_version_can_be_allowed_and_is_then_told(folder):
    versions = current_versions().model_dump() | {"python": "3.9.1"}
    sign_again(folder("sentiment"), versions=versions)

    read = artifact.read(sentiment, stored("sentiment"), allow_version_mismatch=True)
    assert "Python 3.9.1" in read.version_mismatch[0]


@pytest.mark.parametrize("model", MODELS)
def test_a_golden_row_that_comes_out_different_is_refused(model, folder):
    file = folder(model.NAME) / "golden.json"
    golden = json.loads(file.read_text())
    (name,) = [n for n, v in golden["predictions"][3].items() if type(v) is float][:1]
    golden["predictions"][3][name] += 1e-6
    file.write_text(json.dumps(golden))
    files = json.loads((folder(model.NAME) / "manifest.json").read_text())["files"]
    facts = {"sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "size": file.stat().st_size}
    sign_again(folder(model.NAME), files=files | {"golden.json": facts})

    text = refusal(model)
    assert "row 3 of golden.json" in text
    assert "expected" in text


@pytest.mark.slow
def test_the_stores_own_commands_work_on_it(home, tmp_path):
    archive = tmp_path / "sentiment.bentomodel"
    code = "import sys, bentoml; from bentoml_cli.cli import cli; cli()"

    def run(*words, **environment):
        command = [sys.executable, "-c", code, "models", *words]
        import os

        return subprocess.run(
            command, env=os.environ | environment, check=True, capture_output=True, text=True
        ).stdout

    assert "sentiment" in run("list")
    run("export", "sentiment:latest", str(archive))
    run("import", str(archive), BENTOML_HOME=str(tmp_path / "other"))
    (imported,) = (tmp_path / "other" / "models" / "sentiment").glob("*/manifest.json")
    expected = Path(stored("sentiment").path) / "manifest.json"
    assert imported.read_bytes() == expected.read_bytes()
