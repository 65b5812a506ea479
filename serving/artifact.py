"""Write and read an artifact: one BentoML model that holds data only, and no pickle.

Reading checks before it trusts: the signature where one is wanted, hashes, then versions, and only
then is anything deserialised; the golden rows come last. What is wrong is said in one sentence:
which file, what was expected and found, what to do.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bentoml
import orjson
import structlog
from bentoml.exceptions import BentoMLException

from models._contract import AnyContract
from monitoring import reference as references
from monitoring.reference import Reference
from serving import estimator as estimators
from serving import signature, versions
from serving.compiled import compiled
from serving.manifest import File, Golden, Manifest
from serving.runner import Runner
from serving.signature import SignatureError

MANIFEST = "manifest.json"
GOLDEN = "golden.json"
# The store writes this one itself; it holds the manifest's sha256, and no hash can hold itself.
STORE_FILE = "model.yaml"

# Another processor may add in another order; a wrong answer is off by far more.
TOLERANCE = 1e-9

log = structlog.get_logger()


class ArtifactError(BentoMLException):
    """The artifact cannot be served; the text says why and what to do."""


@dataclass(frozen=True)
class Artifact:
    """A loaded model with its evidence. `sha256` is the manifest's, which holds all the others.

    `golden_seconds` says how long it took to answer all golden rows again.
    `reference` is None in an artifact of an older form, which is served, but not watched: to go
    back to an older version must always be possible.
    """

    tag: str
    sha256: str
    manifest: Manifest
    golden: Golden
    runner: Runner
    folder: Path
    version_mismatch: tuple[str, ...] = ()
    reference: Reference | None = None
    golden_seconds: float = 0.0

    @property
    def version(self) -> str:
        """The part of the tag behind the colon."""
        return self.tag.partition(":")[2]


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
            versions=versions.current_versions(),
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
    contract: AnyContract,
    stored: bentoml.Model,
    *,
    allow_version_mismatch: bool = False,
    public_key: Path | None = None,
) -> Artifact:
    """Load a model in the order that is safe: hashes, versions, deserialise, golden rows.

    Raises:
        ArtifactError: it cannot be trusted or does not answer as it did.
    """
    manifest, mismatch = check(
        contract,
        stored,
        allow_version_mismatch=allow_version_mismatch,
        public_key=public_key,
    )
    folder = Path(stored.path)
    golden = Golden.model_validate_json((folder / GOLDEN).read_bytes())
    sample = contract.features([contract.ROW.model_validate(row) for row in golden.rows])
    try:
        estimator = compiled(estimators.load(folder), sample)
    except Exception as error:
        raise _refusal(stored.tag, f"the model file can not be loaded: {error}.") from error
    runner = Runner(contract, estimator, manifest.policy)
    started = time.perf_counter()
    check_golden(runner, golden, stored.tag)
    seconds = time.perf_counter() - started
    sha256 = str(stored.info.metadata["manifest_sha256"])
    return Artifact(
        tag=str(stored.tag),
        sha256=sha256,
        manifest=manifest,
        golden=golden,
        runner=runner,
        folder=folder,
        version_mismatch=mismatch,
        reference=references.read(folder, contract),
        golden_seconds=seconds,
    )


def check(
    contract: AnyContract,
    stored: bentoml.Model,
    *,
    allow_version_mismatch: bool = False,
    public_key: Path | None = None,
) -> tuple[Manifest, tuple[str, ...]]:
    """Check hashes and versions, deserialise nothing; return manifest and version mismatch.

    With a `public_key`, a PEM file, the manifest must be signed, see `serving.signature`.

    Raises:
        ArtifactError: a file is missing, altered or too many, a version differs, or it is not
            signed by whom it should be.
    """
    manifest = _manifest(stored, public_key)
    if manifest.name != contract.NAME:
        what = f"expected the model {contract.NAME}, found {manifest.name}."
        raise _refusal(stored.tag, what)
    _check_files(stored, manifest)
    mismatch = tuple(versions.mismatch(manifest.versions, versions.current_versions()))
    if mismatch and not allow_version_mismatch:
        what = (
            f"made with other versions: {'; '.join(mismatch)}. "
            "To serve it all the same, set TABENTO_ALLOW_VERSION_MISMATCH=1."
        )
        raise _refusal(stored.tag, what)
    if mismatch:
        log.warning("version_mismatch", tag=str(stored.tag), mismatch=mismatch)
    return manifest, mismatch


def check_golden(runner: Runner, golden: Golden, tag: bentoml.Tag) -> None:
    """Ask the golden rows again.

    Raises:
        ArtifactError: an answer is not the one of training time.
    """
    rows = [runner.contract.ROW.model_validate(row) for row in golden.rows]
    try:
        found = [prediction.model_dump(mode="json") for prediction in runner.predict(rows)]
    except Exception as error:
        raise _refusal(tag, f"the golden rows can not be predicted: {error}.") from error
    for number, (expected, answer) in enumerate(zip(golden.predictions, found, strict=True)):
        if not same(expected, answer):
            what = (
                f"row {number} of {GOLDEN} has another answer: expected {expected}, found {answer}."
            )
            raise _refusal(tag, what)


def same(expected: Any, found: Any) -> bool:
    """Compare two JSON values: numbers to within `TOLERANCE`, all else exactly."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return expected.keys() == found.keys() and all(
            same(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, float) and isinstance(found, float):
        return abs(expected - found) <= TOLERANCE
    return bool(expected == found)


def _manifest(stored: bentoml.Model, public_key: Path | None) -> Manifest:
    file = Path(stored.path) / MANIFEST
    if not file.exists():
        raise _refusal(stored.tag, f"{MANIFEST} is missing.")
    # Read once: what is checked is what is used, whoever writes to the file meanwhile.
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    _compare(MANIFEST, str(stored.info.metadata.get("manifest_sha256")), found, stored.tag)
    if public_key:
        try:
            signature.check(stored, found, public_key)
        except SignatureError as error:
            raise ArtifactError(str(error)) from error
    try:
        return Manifest.model_validate_json(content)
    except ValueError as error:
        raise _refusal(stored.tag, f"{MANIFEST} is of another form: {error}.") from error


def _check_files(stored: bentoml.Model, manifest: Manifest) -> None:
    folder = Path(stored.path)
    found = {
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if not file.is_dir() and file != folder / STORE_FILE
    }
    expected = {*manifest.files, MANIFEST}
    for file in sorted(expected - found):
        raise _refusal(stored.tag, f"{file} is missing.")
    for file in sorted(found - expected):
        raise _refusal(stored.tag, f"{file} is a file too many: {MANIFEST} does not name it.")
    for file, facts in manifest.files.items():
        _compare(file, facts.sha256, _sha256(folder / file), stored.tag)


def _compare(file: str, expected: str, found: str, tag: bentoml.Tag) -> None:
    if expected != found:
        what = f"{file} is not as training wrote it: expected sha256 {expected}, found {found}."
        raise _refusal(tag, what)


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


def _refusal(tag: bentoml.Tag, what: str) -> ArtifactError:
    remedy = f"Train it again with `python -m train {tag.name}`, or serve another tag."
    return ArtifactError(f"{tag}: {what} {remedy}")
