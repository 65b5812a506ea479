import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import bentoml
import pytest

from serving import artifact
from serving.artifact import ArtifactError
from train import breast_cancer, loan_default, sentiment
from train.evaluate import judge
from train.evidence import Evidence
from train.gate import Gate
from train.recipe import Order
from train.revision import LOCK
from train.store import save

STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RECIPES = {"breast_cancer": breast_cancer, "loan_default": loan_default, "sentiment": sentiment}


def stored(outcome):
    tag = save(outcome, judge(outcome), STARTED, 1.5)
    return bentoml.models.get(tag)


def read(outcome, model):
    return artifact.read(outcome.runner.contract, model)


def test_what_is_stored_answers_every_held_out_row_as_in_training(store, outcome):
    rows = outcome.parts["test"].rows
    loaded = read(outcome, stored(outcome))

    for expected, found in zip(
        outcome.runner.predict(rows), loaded.runner.predict(rows), strict=True
    ):
        assert artifact.same(expected.model_dump(), found.model_dump())


def test_the_manifest_says_everything_that_training_knows(store, outcome):
    manifest = read(outcome, stored(outcome)).manifest

    assert manifest.data == outcome.data
    assert manifest.policy == outcome.runner.policy
    assert manifest.metrics == judge(outcome).metrics
    assert manifest.estimator == outcome.runner.estimator.kind
    assert manifest.gate == "passed"
    assert (manifest.trained_at, manifest.train_seconds) == (STARTED, 1.5)
    assert {"scikit-learn", "catboost", "bentoml"} <= manifest.versions.libraries.keys()


def test_the_artifact_holds_model_evidence_and_no_pickle(store, made_up_loans, phrases):
    evidence = {
        "manifest.json",
        "golden.json",
        "reference.json",
        "learned.bin",
        "evaluation.json",
        "card.md",
        "card.html",
        "model.yaml",
    }

    assert _files(stored(made_up_loans)) == evidence | {"model.cbm"}
    assert _files(stored(phrases)) == evidence | {"preprocessor.skops", "model.skops"}


def _files(model):
    return {path.name for path in Path(model.path).iterdir()}


def test_same_data_and_same_seed_make_the_same_files_and_golden_answers(store, short, outcome):
    """All but the manifest and the cards, which say when."""
    again = RECIPES[outcome.runner.contract.NAME].train(Order(), lambda *_: None)
    first, second = (read(each, stored(each)) for each in (outcome, again))

    assert first.golden == second.golden
    assert _hashes(first) == _hashes(second)


def _hashes(loaded):
    files = loaded.manifest.files.items()
    return {name: file.sha256 for name, file in files if not name.startswith("card")}


def test_the_label_tells_synthetic_data_and_the_gate(store, phrases, biopsies):
    assert stored(phrases).info.labels == {"gate": "passed", "synthetic": "true"}
    assert stored(biopsies).info.labels == {"gate": "passed", "synthetic": "false"}


def test_what_failed_its_gate_is_labelled_and_says_so(store, phrases):
    failed = replace(phrases, gate=Gate(floors={"test_accuracy": 1.01}))
    model = stored(failed)

    assert model.info.labels["gate"] == "failed"
    assert read(failed, model).manifest.gate == "failed"


def test_what_does_not_answer_as_it_did_is_not_left_in_the_store(store, phrases):
    """A model that a server would refuse is found out here, not there."""
    drifting = replace(phrases, runner=replace(phrases.runner, estimator=_Drifting(phrases)))

    with pytest.raises(ArtifactError, match=r"golden\.json"):
        stored(drifting)

    assert bentoml.models.list() == []


class _Drifting:
    """Answers otherwise than the file that it writes."""

    kind = "drifting"

    def __init__(self, outcome):
        self.parameters = {}
        self.estimator = outcome.runner.estimator
        self.save = self.estimator.save

    def predict_proba(self, texts):
        return self.estimator.predict_proba(texts)[:, ::-1]


def test_the_manifest_ties_the_model_to_rows_split_lock_and_code(store, phrases):
    manifest = read(phrases, stored(phrases)).manifest
    data = manifest.data

    assert data.read == sum(data.rows.values()) + sum(data.dropped.values())
    assert data.split == judge(phrases).findings[0].fingerprint
    assert manifest.lock_sha256 == hashlib.sha256(LOCK.read_bytes()).hexdigest()


def test_everything_that_was_found_can_be_read_back(store, outcome):
    verdict = judge(outcome)
    file = Path(stored(outcome).path) / "evaluation.json"
    found = Evidence.model_validate_json(file.read_bytes(), strict=False)

    assert found.findings == verdict.findings
    assert found.report == outcome.report
    assert found.costs == outcome.costs
