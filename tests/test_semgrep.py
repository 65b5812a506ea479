"""The rules in .semgrep.yml find what they name, and nothing in what is served."""

import json
import subprocess

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SEMGREP = ROOT / ".semgrep/bin/semgrep"
FOUND = {
    "import pickle": "pickle-on-the-load-path",
    "from joblib import load": "pickle-on-the-load-path",
    'import numpy as np\nnp.load("file", allow_pickle=True)': "pickle-on-the-load-path",
    'import skops.io as sio\nsio.load("file", trusted=True)': "trust-named-by-the-file",
    "from skops.io import get_untrusted_types, load\n"
    'types = get_untrusted_types(file="file")\n'
    'load("file", trusted=types)': "trust-named-by-the-file",
    'eval("1")': "runs-text",
    "def f(x):\n    assert x": "assert-on-input",
}


@pytest.fixture(autouse=True)
def _is_installed():
    if not SEMGREP.exists():
        pytest.skip("semgrep is not installed: make semgrep")


def findings(folder):
    command = [
        str(SEMGREP), "scan", "--metrics=off", "--disable-version-check", "--quiet", "--json",
        "--no-git-ignore", "--config", str(ROOT / ".semgrep.yml"), str(folder),
    ]  # fmt: skip
    path = f"{SEMGREP.parent}:/usr/bin:/bin"
    run = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": path, "HOME": str(folder)},
        capture_output=True,
        check=True,
    )
    found = json.loads(run.stdout)
    assert not found["errors"]
    return {
        (each["path"].rpartition("/")[2], each["check_id"].rpartition(".")[2])
        for each in found["results"]
    }


def test_each_rule_finds_what_it_names(tmp_path):
    served = tmp_path / "serving"
    served.mkdir()
    for number, source in enumerate(FOUND):
        (served / f"bad_{number}.py").write_text(source + "\n")

    expected = {(f"bad_{number}.py", rule) for number, rule in enumerate(FOUND.values())}
    assert findings(tmp_path) == expected


def test_tests_and_training_may_use_assert(tmp_path):
    for folder in ("tests", "train"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one.py").write_text("assert 1\n")

    assert not findings(tmp_path)
