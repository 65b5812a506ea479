import io
import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import skops.io

from models import breast_cancer, loan_default
from serving.estimator import TRUSTED, CatBoostEstimator
from train.reproducible import Reproducible, settled_skops

TRAIN_AND_HASH = """
import hashlib, skops.io
from train import sentiment
from train.recipe import Order
from train.reproducible import settled_skops
estimator = sentiment.train(Order(), lambda *_: None).runner.estimator
for step in (estimator.preprocessor, estimator.model):
    print(hashlib.sha256(settled_skops(skops.io.dumps(step))).hexdigest())
"""


def test_a_settled_archive_loads_to_the_same_model(biopsies):
    model = biopsies.runner.estimator.model
    rows = breast_cancer.features(biopsies.parts["test"].rows)

    found = skops.io.loads(settled_skops(skops.io.dumps(model)), trusted=list(TRUSTED))

    assert np.array_equal(model.predict_proba(rows), found.predict_proba(rows))


def test_a_settled_archive_names_neither_an_address_nor_a_date(biopsies):
    archive = settled_skops(skops.io.dumps(biopsies.runner.estimator.preprocessor))
    with zipfile.ZipFile(io.BytesIO(archive)) as stored:
        entries, schema = stored.infolist(), json.loads(stored.read("schema.json"))

    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert schema["__id__"] == 0
    assert all(len(entry.filename) < len("schema.json") + 1 for entry in entries)


def test_objects_that_were_one_stay_one():
    """By its number skops tells that two places hold the same object."""
    shared = np.arange(3)
    found = skops.io.loads(settled_skops(skops.io.dumps([shared, shared, np.arange(3)])))

    assert found[0] is found[1]
    assert found[0] is not found[2]


def test_a_settled_catboost_file_gives_the_same_bits(made_up_loans, tmp_path):
    estimator = made_up_loans.runner.estimator
    rows = loan_default.features(made_up_loans.parts["test"].rows)
    Reproducible(estimator).save(tmp_path)

    found = CatBoostEstimator.load(tmp_path).predict_proba(rows)

    assert np.array_equal(estimator.predict_proba(rows), found)


def test_another_process_writes_the_same_files():
    """Addresses, and the order in which a set is walked, differ from process to process."""
    hashes = {_hashes(seed) for seed in ("1", "2")}

    assert len(hashes) == 1


def _hashes(hash_seed):
    command = [sys.executable, "-c", TRAIN_AND_HASH]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout
