"""Before bentoml is imported anywhere: a store of the tests' own, one thread, nobody told."""

import os
import shutil
import tempfile

import pytest

HOME = tempfile.mkdtemp(prefix="tabento-tests-")
os.environ |= {"BENTOML_HOME": HOME, "BENTOML_DO_NOT_TRACK": "True", "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="session", autouse=True)
def _no_store_is_left_behind():
    yield
    shutil.rmtree(HOME, ignore_errors=True)
