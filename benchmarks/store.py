"""Which artifacts are served: the newest in the BentoML model store, found without BentoML.

They are copied into a store of the benchmark's own: what is trained meanwhile changes nothing, and
servers that share a store would spoil each other's metrics.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.environment import ROOT, work_folder
from benchmarks.peer import MODELS


class NoModelError(RuntimeError):
    """The store lacks a model; the text says what to do."""


@dataclass(frozen=True)
class Stored:
    """One artifact."""

    name: str
    version: str
    home: Path

    @property
    def tag(self) -> str:
        return f"{self.name}:{self.version}"

    @property
    def folder(self) -> Path:
        return self.home / "models" / self.name / self.version

    def facts(self) -> dict[str, Any]:
        """Say what a reader of the results wants to know of the model."""
        manifest = json.loads((self.folder / "manifest.json").read_bytes())
        parameters = manifest["parameters"]
        trees = parameters.get("model__n_estimators", parameters.get("iterations"))
        return {"tag": self.tag, "estimator": manifest["estimator"], "trees": trees}


def newest() -> list[Stored]:
    """Find each model's newest version.

    Raises:
        NoModelError: there is none.
    """
    home = Path(os.environ.get("BENTOML_HOME", ROOT / ".bentoml"))
    return [_newest(home, name) for name in MODELS]


def _newest(home: Path, name: str) -> Stored:
    latest = home / "models" / name / "latest"
    if not latest.exists():
        msg = f"the model store has no {name}: train it with `python -m train {name}`"
        raise NoModelError(msg)
    return Stored(name, latest.read_text().strip(), home)


def copied(stored: list[Stored]) -> list[Stored]:
    """Copy artifacts into the benchmark's own store, and nothing else is in there."""
    home = work_folder("home")
    shutil.rmtree(home)
    copies = [Stored(each.name, each.version, home) for each in stored]
    for each, copy in zip(stored, copies, strict=True):
        shutil.copytree(each.folder, copy.folder)
        (copy.folder.parent / "latest").write_text(copy.version)
    return copies


def environment(stored: list[Stored]) -> dict[str, str]:
    """Say to peers, and to Tabento in its own words, which artifacts to serve."""
    peers = {f"BENCH_FOLDER_{each.name.upper()}": str(each.folder) for each in stored}
    tabento = {f"TABENTO_{each.name.upper()}_TAG": each.tag for each in stored}
    return {**peers, **tabento, "BENTOML_HOME": str(stored[0].home)}
