"""What an estimator does beside its answers."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

# In a process of its own: in this one other tests may have started such threads already.
PREDICT = """
import os, sys
from pathlib import Path
from models import {model}
from serving import estimator
loaded = estimator.load(Path(sys.argv[1]))
before = len(os.listdir("/proc/self/task"))
features = {model}.features({model}.EXAMPLE * 64)
loaded.predict_proba(features)
print(len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("model", ["loan_default", "breast_cancer", "sentiment"])
def test_predicting_starts_no_thread(home, model):
    folder = max((home / "models" / model).glob("*/manifest.json")).parent
    done = subprocess.run(
        [sys.executable, "-c", PREDICT.format(model=model), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["0"]
