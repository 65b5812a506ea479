"""Write and read an artifact: one BentoML model that holds data only, and no pickle.

Reading checks before it trusts: hashes, then versions, and only then is anything deserialised; the
golden rows come last. What is wrong is said in one sentence: which file, what was expected and
found, what to do.
"""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bentoml
import orjson
import structlog

from models._contract import AnyContract
from serving import estimator as estimators
from serving.compiled import compiled
from serving.manifest import File, Golden, Manifest, Versions
from serving.runner import Runner

MANIFEST = "manifest.json"
GOLDEN = "golden.json"
# The store writes this one itself; it holds the manifest's sha256, and no hash can hold itself.
STORE_FILE = "model.yaml"

PINNED = ("scikit-learn", "catboost")
RECORDED = (*PINNED, "bentoml", "numpy", "pydantic", "scipy", "skops")

# Another processor may add in another order; a wrong answer is off by far more.
TOLERANCE = 1e-9

log = structlog.get_logger()


class ArtifactError(RuntimeError):
    """The artifact cannot be served; the text says why and what to do."""


@dataclass(frozen=True)
class Artifact:
    """A loaded model with its evidence. `sha256` is the manifest's, which holds all the others."""

    tag: str
    sha256: str
    manifest: Manifest
    golden: Golden
    runner: Runner
    version_mismatch: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The part of the tag behind the colon."""
        return self.tag.partition(":")[2]


def current_versions() -> Versions:
    """Say what runs here."""
    return Versions(
        python=platform.python_version(),
        libraries={library: version(library) for library in RECORDED},
    )


def golden_of(runner: Runner, rows: list[Any]) -> Golden:
    """Record the answers that `rows` get now."""
    return Golden(
        rows=[row.model_dump(mode="json") for row in rows],
        predictions=[prediction.model_dump(mode="json") for prediction in runner.predict(rows)],
    )


def write(
    runner: Runner, golden: Golden, evidence: Mapping[str, bytes], facts: Mapping[str, Any]
) -> str:
    """Save a trained model and return its tag.

    Args:
        runner: What was trained, as it will serve.
        golden: From `golden_of`.
        evidence: Further files, by name: reference, cards.
        facts: The fields of `Manifest` that only training knows: data, metrics, gate, git_revision,
            trained_at, train_seconds.
    """
    name = runner.contract.NAME
    labels = {"gate": facts["gate"], "synthetic": str(facts["data"].synthetic).lower()}
    with bentoml.models.create(name, labels=labels) as stored:
        folder = Path(stored.path)
        runner.estimator.save(folder)
        (folder / GOLDEN).write_bytes(golden.model_dump_json(indent=1).encode())
        for file, content in evidence.items():
            (folder / file).write_bytes(content)
        manifest = Manifest(
            name=name,
            files=_files(folder),
            versions=current_versions(),
            estimator=runner.estimator.kind,
            parameters=_plain(runner.estimator.parameters),
            policy=runner.policy,
            **facts,
        )
        content = manifest.model_dump_json(indent=1).encode()
        (folder / MANIFEST).write_bytes(content)
        stored.info.metadata["manifest_sha256"] = hashlib.sha256(content).hexdigest()
    return str(stored.tag)


def read(
    contract: AnyContract, stored: bentoml.Model, *, allow_version_mismatch: bool = False
) -> Artifact:
    """Load a model in the order that is safe: hashes, versions, deserialise, golden rows.

    Raises:
        ArtifactError: it cannot be trusted or does not answer as it did.
    """
    manifest, mismatch = check(contract, stored, allow_version_mismatch=allow_version_mismatch)
    folder = Path(stored.path)
    try:
        estimator = estimators.load(folder)
    except Exception as error:
        msg = f"{stored.tag}: the model file can not be loaded: {error}. {_remedy(contract.NAME)}"
        raise ArtifactError(msg) from error
    golden = Golden.model_validate_json((folder / GOLDEN).read_bytes())
    sample = contract.features([contract.ROW.model_validate(row) for row in golden.rows])
    runner = Runner(contract, compiled(estimator, sample), manifest.policy)
    check_golden(runner, golden, str(stored.tag))
    sha256 = str(stored.info.metadata["manifest_sha256"])
    return Artifact(str(stored.tag), sha256, manifest, golden, runner, mismatch)


def check(
    contract: AnyContract, stored: bentoml.Model, *, allow_version_mismatch: bool = False
) -> tuple[Manifest, tuple[str, ...]]:
    """Check hashes and versions, deserialise nothing; return manifest and version mismatch.

    Raises:
        ArtifactError: a file is missing, altered or too many, or a version differs.
    """
    folder = Path(stored.path)
    manifest = _manifest(folder, stored, contract.NAME)
    _check_files(folder, manifest, str(stored.tag))
    mismatch = tuple(_version_mismatch(manifest.versions, current_versions()))
    if mismatch and not allow_version_mismatch:
        msg = (
            f"{stored.tag} was made with other versions: {'; '.join(mismatch)}. {_remedy(manifest.name)} "
            "To serve it all the same, set TABENTO_ALLOW_VERSION_MISMATCH=1."
        )
        raise ArtifactError(msg)
    if mismatch:
        log.warning("version_mismatch", tag=str(stored.tag), mismatch=mismatch)
    return manifest, mismatch


def check_golden(runner: Runner, golden: Golden, tag: str) -> None:
    """Ask the golden rows again.

    Raises:
        ArtifactError: an answer is not the one of training time.
    """
    rows = [runner.contract.ROW.model_validate(row) for row in golden.rows]
    try:
        found = [prediction.model_dump(mode="json") for prediction in runner.predict(rows)]
    except Exception as error:
        msg = (
            f"{tag}: the golden rows can not be predicted: {error}. {_remedy(runner.contract.NAME)}"
        )
        raise ArtifactError(msg) from error
    for number, (expected, answer) in enumerate(zip(golden.predictions, found, strict=True)):
        if not same(expected, answer):
            msg = (
                f"{tag}: golden row {number} in {GOLDEN} should give {expected}, "
                f"but gives {answer}. {_remedy(runner.contract.NAME)}"
            )
            raise ArtifactError(msg)


def same(expected: Any, found: Any) -> bool:
    """Compare two JSON values: numbers to within `TOLERANCE`, all else exactly."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            same(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, float) and isinstance(found, float):
        return abs(expected - found) <= TOLERANCE
    return bool(expected == found)


def _manifest(folder: Path, stored: bentoml.Model, name: str) -> Manifest:
    file = folder / MANIFEST
    if not file.exists():
        msg = f"{stored.tag}: {MANIFEST} is missing. {_remedy(name)}"
        raise ArtifactError(msg)
    content = file.read_bytes()
    _check_hash(
        MANIFEST,
        str(stored.info.metadata.get("manifest_sha256")),
        hashlib.sha256(content).hexdigest(),
        str(stored.tag),
    )
    try:
        manifest = Manifest.model_validate_json(content)
    except ValueError as error:
        msg = (
            f"{stored.tag}: {MANIFEST} is not one that this version reads: {error}. {_remedy(name)}"
        )
        raise ArtifactError(msg) from error
    if manifest.name != name:
        msg = f"{stored.tag} holds the model {manifest.name}, but {name} was asked for. {_remedy(name)}"
        raise ArtifactError(msg)
    return manifest


def _check_files(folder: Path, manifest: Manifest, tag: str) -> None:
    found = {
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if not file.is_dir() and file != folder / STORE_FILE
    }
    expected = set(manifest.files) | {MANIFEST}
    for file in sorted(expected - found):
        msg = f"{tag}: {file} is missing: expected it, found nothing. {_remedy(manifest.name)}"
        raise ArtifactError(msg)
    for file in sorted(found - expected):
        msg = f"{tag}: {file} is one file too many: the manifest does not name it. {_remedy(manifest.name)}"
        raise ArtifactError(msg)
    for file, facts in manifest.files.items():
        _check_hash(file, facts.sha256, _sha256(folder / file), tag)


def _check_hash(file: str, expected: str, found: str, tag: str) -> None:
    if expected != found:
        msg = (
            f"{tag}: {file} is not the file that training wrote: expected sha256 {expected}, "
            f"found {found}. {_remedy(tag.partition(':')[0])}"
        )
        raise ArtifactError(msg)


def _version_mismatch(made: Versions, here: Versions) -> list[str]:
    pairs = {"Python": (made.python, here.python)} | {
        library: (made.libraries.get(library, "none"), here.libraries[library])
        for library in PINNED
    }
    return [
        f"{what} {then}, here {now}"
        for what, (then, now) in pairs.items()
        if _minor(then) != _minor(now)
    ]


def _minor(text: str) -> list[str]:
    return text.split(".")[:2]


def _plain(parameters: dict[str, Any]) -> Any:
    """Say in JSON what JSON can say, and the rest (a type, a function) in words."""
    return orjson.loads(orjson.dumps(parameters, default=str, option=orjson.OPT_SERIALIZE_NUMPY))


def _files(folder: Path) -> dict[str, File]:
    return {
        file.name: File(sha256=_sha256(file), size=file.stat().st_size)
        for file in sorted(folder.iterdir())
        if file.name != STORE_FILE
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _remedy(name: str) -> str:
    return f"Train it again with `python -m train {name}`, or serve another tag."
