import json

import pytest

from benchmarks import store
from benchmarks.peer import MODELS


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A store with two versions of each model, the older one the latest."""
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "theirs"))
    monkeypatch.setattr(
        "benchmarks.store.work_folder", lambda name: (tmp_path / name).mkdir() or tmp_path / name
    )
    manifest = {"parameters": {"model__n_estimators": 200}, "estimator": "Trees"}
    for name in MODELS:
        for version in ("old", "new"):
            folder = tmp_path / "theirs" / "models" / name / version
            folder.mkdir(parents=True)
            (folder / "manifest.json").write_text(json.dumps(manifest))
        (folder.parent / "latest").write_text("old")
    return tmp_path


def test_the_latest_version_is_served_even_when_another_is_newer(home):
    assert {stored.version for stored in store.newest()} == {"old"}


def test_a_model_that_is_missing_is_named_with_what_to_do(home):
    (home / "theirs" / "models" / "sentiment" / "latest").unlink()

    with pytest.raises(store.NoModelError, match="python -m train sentiment"):
        store.newest()


def test_only_what_is_served_is_copied(home):
    copies = store.copied(store.newest())

    assert all(copy.folder.is_relative_to(home / "home") for copy in copies)
    assert sorted(file.name for file in copies[0].folder.parent.iterdir()) == ["latest", "old"]


def test_tabento_and_its_peers_are_told_of_the_same_artifact(home):
    told = store.environment(store.newest())

    assert told["TABENTO_SENTIMENT_TAG"] == "sentiment:old"
    assert told["BENCH_FOLDER_SENTIMENT"].endswith("sentiment/old")


def test_the_facts_say_how_large_a_model_is(home):
    facts = store.newest()[0].facts()

    assert (facts["estimator"], facts["trees"]) == ("Trees", 200)
