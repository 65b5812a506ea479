"""MLflow has an environment of its own, so what it records is looked at from there."""

import json
import os
import subprocess
from pathlib import Path

import bentoml
import pytest
from bentoml._internal.models import ModelStore

from serving.manifest import Manifest
from train.__main__ import main

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".track" / "bin" / "python"

needs_mlflow = pytest.mark.skipif(
    not PYTHON.exists(), reason="there is no .track: `make track` makes it, with MLflow"
)

RUNS = """
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
print(json.dumps([
    {
        "experiment": experiment.name,
        "name": run.info.run_name,
        "id": run.info.run_id,
        "status": run.info.status,
        "params": run.data.params,
        "metrics": run.data.metrics,
        "tags": run.data.tags,
        "files": [
            file.path
            for folder in (None, "pictures")
            for file in client.list_artifacts(run.info.run_id, folder)
        ],
    }
    for experiment in client.search_experiments()
    for run in client.search_runs([experiment.experiment_id])
]))
"""
TELEMETRY = """
from train import track
with track.opened("sentiment", "x"):
    from mlflow.telemetry import get_telemetry_client
    print(get_telemetry_client())
"""


def tracked(folder, *arguments, **settings):
    environment = {
        **os.environ,
        "BENTOML_HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    environment = {k: v for k, v in environment.items() if k != "MLFLOW_TRACKING_URI" or v}
    return subprocess.run(
        [PYTHON, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def runs(folder, place):
    found = tracked(folder, "-c", RUNS, place)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """One model saved, one refused because its labels mean nothing; both tracked."""
    folder = tmp_path_factory.mktemp("tracked")
    lines = [f"some thing number {index}\t{index // 2 % 2}" for index in range(300)]
    (folder / "noise.tsv").write_text("\n".join(lines))
    saved = tracked(folder, "-m", "train", "sentiment", "--track")
    refused = tracked(folder, "-m", "train", "sentiment", "--data", "noise.tsv", "--track")
    assert (saved.returncode, refused.returncode) == (0, 1), saved.stderr + refused.stderr
    newest, oldest = runs(folder, f"sqlite:///{folder}/.mlflow/mlflow.db")
    return folder, oldest, newest


@needs_mlflow
@pytest.mark.slow
def test_the_artifact_names_its_run_and_the_run_its_artifact(trained):
    folder, run, _ = trained
    (stored,) = ModelStore(folder / "home" / "models").list()
    manifest = Manifest.model_validate_json(Path(stored.path_of("manifest.json")).read_bytes())

    assert manifest.run_id == run["id"]
    assert run["tags"]["bentoml_tag"] == str(stored.tag)
    assert run["tags"]["data_sha256"] == manifest.data.fingerprint
    assert run["tags"]["lock_sha256"] == manifest.lock_sha256


@needs_mlflow
@pytest.mark.slow
def test_a_run_holds_what_was_asked_what_was_found_and_the_card(trained):
    _, run, _ = trained

    assert (run["experiment"], run["status"], run["tags"]["gate"]) == (
        "sentiment", "FINISHED", "passed",
    )  # fmt: skip
    assert run["params"]["order.seed"] == "42"
    assert run["metrics"]["random_80_20/model/roc_auc.low"] < run["metrics"]["test_roc_auc"]
    assert {"card.html", "card.md", "evaluation.json", "pictures/roc_curve.svg"} <= {*run["files"]}


@needs_mlflow
@pytest.mark.slow
def test_a_refused_model_leaves_a_run_that_says_why(trained):
    _, _, run = trained

    assert (run["tags"]["gate"], run["tags"]["bentoml_tag"]) == ("failed", "not saved")
    assert "should be at least" in run["tags"]["refused"]
    assert "card.html" in run["files"]
    assert run["params"]["order.data"] == "noise.tsv"


@needs_mlflow
@pytest.mark.slow
def test_a_comparison_leaves_one_run_for_each_candidate_where_the_environment_says(tmp_path):
    place = f"sqlite:///{tmp_path}/elsewhere.db"
    done = tracked(
        tmp_path, "-m", "train", "compare", "sentiment", "--track", MLFLOW_TRACKING_URI=place
    )
    assert done.returncode == 0, done.stderr
    found = {run["name"]: run for run in runs(tmp_path, place)}
    parent = found.pop("compare")

    assert found.keys() == {"logistic regression", "random forest", "gradient boosting"}
    assert {run["tags"]["mlflow.parentRunId"] for run in found.values()} == {parent["id"]}
    assert parent["tags"]["best"] in found
    assert not (tmp_path / ".mlflow").exists()


@needs_mlflow
@pytest.mark.slow
def test_a_comparison_on_a_folder_is_recorded_with_the_fingerprint_of_its_files(tmp_path):
    folder = tmp_path / "reviews"
    folder.mkdir()
    for name, number in (("a.tsv", 0), ("b.tsv", 1)):
        lines = [f"some thing number {i}\t{i // 2 % 2}" for i in range(number, 300, 2)]
        (folder / name).write_text("\n".join(lines))
    done = tracked(
        tmp_path, "-m", "train", "compare", "sentiment", "--data", str(folder), "--track"
    )
    assert done.returncode == 0, done.stderr
    found = runs(tmp_path, f"sqlite:///{tmp_path}/.mlflow/mlflow.db")
    (parent,) = (run for run in found if run["name"] == "compare")

    assert len(parent["tags"]["data_sha256"]) == 64


@needs_mlflow
@pytest.mark.slow
def test_mlflow_reports_nothing_to_its_makers(tmp_path):
    done = tracked(tmp_path, "-c", TELEMETRY)

    assert done.stdout.strip().splitlines()[-1:] == ["None"], done.stderr


@needs_mlflow
@pytest.mark.slow
def test_what_cannot_be_trained_leaves_a_failed_run(tmp_path):
    (tmp_path / "few.tsv").write_text("good\t1\nbad\t0\n")
    done = tracked(tmp_path, "-m", "train", "sentiment", "--data", "few.tsv", "--track")
    (run,) = runs(tmp_path, f"sqlite:///{tmp_path}/.mlflow/mlflow.db")

    assert (done.returncode, run["status"]) == (2, "FAILED")


@needs_mlflow
@pytest.mark.slow
def test_a_tracker_that_does_not_answer_ends_the_command_before_anything_is_trained(tmp_path):
    (tmp_path / "file").touch()
    done = tracked(
        tmp_path, "-m", "train", "sentiment", "--track",
        MLFLOW_TRACKING_URI=f"sqlite:///{tmp_path}/file/mlflow.db",
    )  # fmt: skip

    assert done.returncode == 2
    assert "MLflow cannot record the run" in done.stderr
    assert "fitting" not in done.stderr


def test_without_mlflow_tracking_ends_with_2_and_says_what_to_do(store, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)

    assert main(["sentiment", "--track"]) == 2
    assert "`make track`" in capsys.readouterr().err
    assert bentoml.models.list() == []
