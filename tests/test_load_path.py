"""What is served never unpickles, evaluates, or rests on an assert: read from all its source."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SERVED = [
    ROOT / "service.py",
    ROOT / "settings.py",
    *(
        file
        for folder in ("models", "monitoring", "serving")
        for file in (ROOT / folder).rglob("*.py")
    ),
]
# Modules that run what they read.
PICKLERS = {"cloudpickle", "dill", "joblib", "jsonpickle", "marshal", "pickle", "shelve", "torch"}
RUNS_TEXT = {"__import__", "compile", "eval", "exec"}
# Loaders that pickle by themselves or by default, by the end of their dotted name.
LOADERS = {
    "bentoml.picklable_model.load_model", "bentoml.sklearn.load_model", "pandas.read_pickle",
    "pd.read_pickle", "yaml.load", "yaml.unsafe_load",
}  # fmt: skip

# What must be found, by the rules below and by those of .semgrep.yml, and what must not.
BAD = [
    "import pickle",
    "import joblib as harmless",
    "from cloudpickle import loads",
    "from torch import load",
    "def load(f):\n    import dill.session",
    "eval(text)",
    "exec(text)",
    "__import__(name)",
    "numpy.load(file, allow_pickle=True)",
    "numpy.load(file, allow_pickle=allowed)",
    "bentoml.sklearn.load_model(tag)",
    "pd.read_pickle(file)",
    "yaml.load(text)",
    "skops.io.load(file, trusted=True)",
    "skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))",
    "def predict(rows):\n    assert rows",
]
GOOD = [
    "import json",
    "from serving import estimator as pickled",
    "model.eval()",
    "re.compile(text)",
    "numpy.load(file, allow_pickle=False)",
    "yaml.safe_load(text)",
    "skops.io.load(file, trusted=list(TRUSTED))",
    "if not rows:\n    raise ValueError",
]


def faults(source):
    """Name each thing in `source` that may not be on the load path."""
    return [fault for node in ast.walk(ast.parse(source)) if (fault := _fault(node))]


def _fault(node):
    match node:
        case ast.Assert():
            return "assert"
        case ast.Import(names=names):
            return _pickler(*(alias.name for alias in names))
        case ast.ImportFrom(module=str(module)):
            return _pickler(module)
        case ast.Call():
            return _call(node)
    return None


def _pickler(*modules):
    return next((m for m in modules if m.partition(".")[0] in PICKLERS), None)


def _call(call):
    name = ast.unparse(call.func)
    if name in RUNS_TEXT or name in LOADERS:
        return name
    for keyword in call.keywords:
        constant = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if keyword.arg == "allow_pickle" and constant is not False:
            return "allow_pickle"
        if keyword.arg == "trusted" and constant is True:
            return "trusted=True"
        # skops would then trust whatever the file itself names.
        if keyword.arg == "trusted" and "get_untrusted_types" in ast.unparse(keyword.value):
            return "trusted by the file"
    return None


@pytest.mark.parametrize("file", SERVED, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_served_has_no_way_to_run_what_it_reads(file):
    assert faults(file.read_text()) == []


@pytest.mark.parametrize("bad", BAD)
def test_each_way_to_run_what_is_read_is_found(bad):
    assert len(faults(bad)) == 1


@pytest.mark.parametrize("good", GOOD)
def test_what_only_looks_like_it_is_let_through(good):
    assert faults(good) == []


def test_all_that_ships_in_the_bento_is_read():
    includes = [
        line.split('"/')[1].rstrip('"')
        for line in (ROOT / "bentofile.yaml").read_text().splitlines()
        if line.strip().startswith('- "/')
    ]

    assert {file for pattern in includes for file in ROOT.glob(pattern)} == set(SERVED)
