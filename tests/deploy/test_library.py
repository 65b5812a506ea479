"""What is cut out of a library changes no answer."""

import shutil
import struct
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from deploy.image import library
from tests.deploy.conftest import ROOT

CATBOOST = Path(find_spec("catboost").origin).parent
COMPILED = CATBOOST / "_catboost.so"
ELF = COMPILED.is_file() and COMPILED.read_bytes()[: len(library.MAGIC)] == library.MAGIC
needs_elf = pytest.mark.skipif(not ELF, reason="this machine's libraries are no 64-bit ELF")

# Runs in a process of its own, as a library is loaded once. Prints every bit of what it learns, and
# of what the stored model answers for its golden rows.
ASK = """
import json, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import catboost, numpy as np
from models import loan_default as contract
from serving.estimator import CatBoostEstimator
folder = Path(sys.argv[3])
stored = json.loads((folder / "golden.json").read_text())["rows"]
golden = contract.features([contract.ROW.model_validate(row) for row in stored])
print(catboost.__file__, CatBoostEstimator.load(folder).predict_proba(golden).tobytes().hex())
rows = np.random.default_rng(0).normal(size=(2_000, 10))
labels = (rows[:, 0] + rows[:, 1] ** 2 > 1).astype(int)
quiet = {"verbose": 0, "allow_writing_files": False}
fitted = catboost.CatBoostClassifier(iterations=40, random_seed=1, **quiet).fit(rows, labels)
print(fitted.predict_proba(rows).tobytes().hex())
try:
    catboost.CatBoostClassifier(iterations=1, task_type="GPU", **quiet).fit(rows, labels)
except catboost.CatBoostError as error:
    print(error)
"""


def smaller_copy(folder):
    """A folder with a package `catboost` that was cut as it is in the image."""
    shutil.copytree(CATBOOST, folder / "catboost")
    for file in (folder / "catboost").rglob("*.so"):
        file.write_bytes(library.smaller(file.read_bytes()))
    return folder


@pytest.mark.slow
@needs_elf
def test_catboost_without_gpu_code_gives_every_bit_as_before(home, tmp_path):
    model = next(home.glob("models/loan_default/*/model.cbm")).parent
    said = {}
    for where in (CATBOOST.parent, smaller_copy(tmp_path)):
        command = [sys.executable, "-c", ASK, where, ROOT, model]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        assert text.startswith(str(where))
        said[where] = text.removeprefix(str(where))

    assert said[tmp_path] == said[CATBOOST.parent]
    assert (tmp_path / "catboost" / COMPILED.name).stat().st_size < 60e6


def memory(content):
    """What the loader would map, by page: of the segments to be loaded, all that is in the file."""
    (table,), (count,) = (
        struct.unpack_from("<Q", content, 32),
        struct.unpack_from("<H", content, 56),
    )
    pages = {}
    for index in range(count):
        at = table + index * struct.calcsize(library.Segment.FORM)
        segment = library.Segment(*struct.unpack_from(library.Segment.FORM, content, at))
        if segment.kind != library.LOAD:
            continue
        for start in range(0, segment.in_file, library.PAGE):
            end = min(start + library.PAGE, segment.in_file)
            pages[segment.address + start] = content[segment.offset + start : segment.offset + end]
    return pages


@needs_elf
def test_what_is_left_lies_where_it_lay():
    content = COMPILED.read_bytes()
    smaller = library.smaller(content)
    before, after = memory(content), memory(smaller)
    gone = sorted(set(before) - set(after))
    # The first page holds the headers. The others are where they were, but for one run of pages.
    assert [at for at in after if at and not before[at].startswith(after[at])] == []
    assert gone == list(range(gone[0], gone[-1] + library.PAGE, library.PAGE))
    assert len(smaller) < len(content) - len(gone) * library.PAGE
    assert library.smaller(smaller) == smaller


def test_what_is_no_library_stays_as_it_is():
    for content in (b"", b"a text", b"\\x7fELF\\x01\\x01" + bytes(60)):
        assert library.smaller(content) == content
