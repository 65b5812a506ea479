"""Model files that are the same bytes whenever the same model is trained again.

Both formats write down where or when they were made: skops names the parts of an object by their
address in memory and dates each file in its archive, CatBoost adds the time and a random number.
"""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models._contract import Probabilities
from serving.estimator import Estimator

# The first day that a zip archive can name.
EPOCH = (1980, 1, 1, 0, 0, 0)
SCHEMA = "schema.json"


@dataclass(frozen=True)
class Reproducible:
    """An estimator whose files say nothing of when and where they were written."""

    fitted: Estimator

    @property
    def kind(self) -> str:
        """As of the fitted one."""
        return self.fitted.kind

    @property
    def parameters(self) -> dict[str, Any]:
        """As of the fitted one."""
        return self.fitted.parameters

    def predict_proba(self, features: Any, /) -> Probabilities:
        """As of the fitted one."""
        return self.fitted.predict_proba(features)

    def save(self, folder: Path, /) -> None:
        """Write the same files, then rewrite what depends on the run."""
        self.fitted.save(folder)
        for file in folder.glob("*.skops"):
            file.write_bytes(settled_skops(file.read_bytes()))
        for file in folder.glob("*.cbm"):
            _settle_catboost(file)


def settled_skops(archive: bytes) -> bytes:
    """The same archive, its parts numbered in the order in which the schema names them."""
    with zipfile.ZipFile(io.BytesIO(archive)) as stored:
        schema = json.loads(stored.read(SCHEMA))
        parts = {name: stored.read(name) for name in stored.namelist() if name != SCHEMA}
    numbers: dict[int, int] = {}
    schema = _numbered(schema, numbers)
    settled = io.BytesIO()
    with zipfile.ZipFile(settled, "w") as stored:
        for name in sorted(parts, key=lambda part: numbers[_address(part)]):
            stored.writestr(_entry(_renamed(name, numbers)), parts[name])
        stored.writestr(_entry(SCHEMA), json.dumps(schema, indent=2))
    return settled.getvalue()


def _numbered(node: Any, numbers: dict[int, int]) -> Any:
    """Replace every address, which stands under `__id__` and in the name of a `file`."""
    if isinstance(node, list):
        return [_numbered(each, numbers) for each in node]
    if not isinstance(node, dict):
        return node
    if "__id__" in node:
        number = numbers.setdefault(node["__id__"], len(numbers))
        node = node | {"__id__": number}
    if "file" in node and "__loader__" in node:
        numbers.setdefault(_address(node["file"]), len(numbers))
        node = node | {"file": _renamed(node["file"], numbers)}
    return {key: _numbered(value, numbers) for key, value in node.items()}


def _address(part: str) -> int:
    return int(part.partition(".")[0])


def _renamed(part: str, numbers: dict[int, int]) -> str:
    address, _, suffix = part.partition(".")
    return f"{numbers[int(address)]}.{suffix}"


def _entry(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(name, EPOCH)


def _settle_catboost(file: Path) -> None:
    from catboost import CatBoostClassifier  # noqa: PLC0415 - only when there is one

    model = CatBoostClassifier().load_model(str(file))
    metadata = model.get_metadata()
    for key in ("model_guid", "train_finish_time"):
        metadata[key] = ""
    model.save_model(str(file), format="cbm")
