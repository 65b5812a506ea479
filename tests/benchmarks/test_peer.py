import json
import re

import pytest

from benchmarks.environment import PEERS as FOLDER
from benchmarks.environment import ROOT
from benchmarks.peer import MODELS, PEERS
from benchmarks.questions import SIZES, Questions
from models import breast_cancer, loan_default

INSTALLED = [peer for peer in PEERS if peer.folder]
LOCKS = sorted(FOLDER.glob("*/requirements.txt"))


def _versions(lock):
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE))


def test_every_peer_has_a_name_of_its_own():
    assert len({peer.name for peer in PEERS}) == len(PEERS)


@pytest.mark.parametrize("peer", INSTALLED, ids=lambda peer: peer.name)
def test_every_peer_has_its_code_and_its_lock(peer):
    assert (FOLDER / peer.folder / "app.py").exists()
    assert peer.library in _versions(FOLDER / peer.folder / "requirements.txt")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_a_lock_holds_hashes_and_no_address(lock):
    text = lock.read_text()

    assert text.count("--hash=sha256:") >= len(_versions(lock)) > 0
    assert "://" not in text


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_peers_run_the_estimators_in_the_versions_that_tabento_has(lock):
    ours = _versions(ROOT / "requirements" / "serve.txt")
    theirs = _versions(lock)

    for library in {"catboost", "numpy", "pydantic", "scikit-learn", "skops"} & theirs.keys():
        assert theirs[library] == ours[library]


def test_the_open_inference_protocol_gets_numbers_as_one_tensor():
    peer = next(peer for peer in PEERS if peer.name == "mlserver")
    rows = [row.model_dump() for row in breast_cancer.EXAMPLE]

    (tensor,) = json.loads(peer.encode("breast_cancer", rows))["inputs"]
    assert tensor["shape"] == [2, 30]
    assert tensor["data"][30:] == list(rows[1].values())


def test_the_open_inference_protocol_gets_other_rows_as_one_input_a_field():
    peer = next(peer for peer in PEERS if peer.name == "mlserver")
    rows = [row.model_dump() for row in loan_default.EXAMPLE]

    inputs = json.loads(peer.encode("loan_default", rows))["inputs"]
    assert {each["name"]: each["data"] for each in inputs}["state"] == ["FL", "ND"]
    assert all(each["shape"] == [2, 1] for each in inputs)


@pytest.mark.parametrize("model", MODELS)
def test_questions_are_many_different_bodies_of_the_sizes_said(model, monkeypatch, tmp_path):
    monkeypatch.setattr("benchmarks.questions.work_folder", lambda *_: tmp_path)

    lines = Questions(model, "mixed").bodies(PEERS[0]).read_text().splitlines()
    assert [len(json.loads(line)["rows"]) for line in lines] == list(SIZES["mixed"])
    assert len(set(lines)) == len(lines)
