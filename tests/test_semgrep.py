"""The rules in .semgrep.yml, run by semgrep, find what they name and nothing else."""

import json
import subprocess

import pytest

from tests.conftest import ROOT
from tests.test_load_path import BAD, GOOD, SERVED

pytestmark = pytest.mark.slow

SEMGREP = ROOT / ".semgrep/bin/semgrep"
RULES = ROOT / ".semgrep.yml"
# What only semgrep can tell, as it knows what a name was imported as, and where a value came from.
BEYOND = [
    "import numpy as np\n\nnp.load(file, allow_pickle=True)",
    "import skops.io as sio\n\nsio.load(file, trusted=True)",
    "from bentoml.sklearn import load_model\n\nload_model(tag)",
    "from skops.io import get_untrusted_types, load\n\n"
    "types = get_untrusted_types(file=file)\nload(file, trusted=types)",
]


@pytest.fixture(autouse=True)
def _is_installed():
    if not SEMGREP.exists():
        pytest.skip("semgrep has an environment of its own, which is not there: make semgrep")


def scan(folder, *words):
    """Which files have a finding, by which rule, and which were looked at."""
    ran = subprocess.run(
        [SEMGREP, "scan", "--metrics=off", "--disable-version-check", "--quiet", "--json",
         "--config", RULES, *words, "."],
        cwd=folder,
        env={"PATH": f"{SEMGREP.parent}:/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        check=True,
        timeout=120,
    )  # fmt: skip
    told = json.loads(ran.stdout)
    assert not told["errors"]
    found = {each["path"]: each["check_id"].rpartition(".")[2] for each in told["results"]}
    return found, set(told["paths"]["scanned"])


def project(folder, sources, served="serving"):
    """A folder with these sources where served code would lie."""
    (folder / served).mkdir()
    names = [f"{served}/source_{number}.py" for number in range(len(sources))]
    for name, source in zip(names, sources, strict=True):
        (folder / name).write_text(source + "\n")
    return names


def test_each_bad_example_is_found(tmp_path):
    names = project(tmp_path, BAD + BEYOND)
    found, _ = scan(tmp_path)

    assert found.keys() == set(names)
    assert len(set(found.values())) == RULES.read_text().count("- id: ")


def test_no_good_example_is_found(tmp_path):
    names = project(tmp_path, GOOD)
    found, seen = scan(tmp_path)

    assert not found
    assert seen == set(names)


def test_training_and_tests_may_do_what_served_code_may_not(tmp_path):
    project(tmp_path, BAD, "train")
    project(tmp_path, BAD, "tests")

    assert scan(tmp_path)[0] == {}


def test_all_that_is_served_is_looked_at_and_clean():
    found, seen = scan(ROOT)

    assert found == {}
    assert seen == {str(file.relative_to(ROOT)) for file in SERVED}
