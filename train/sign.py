"""Sign a stored model, so that services with the public key serve it."""

from pathlib import Path

import bentoml
from bentoml.exceptions import BentoMLException

from serving import artifact, signature
from serving.artifact import ArtifactError
from serving.signature import SignatureError
from train.recipe import find, names


class SignError(ValueError):
    """It can not be signed; the text says why and what to do."""


def sign(tag: str, key: Path, *, force: bool = False) -> str:
    """Sign the manifest of this version, put the signature into the store, and return the tag.

    Whoever signs vouches for it: the files are checked against the manifest before. The signature
    that was there before, if any, is replaced.

    Raises:
        SignError: it is not in the store, not as training wrote it, or failed its gate (`force`
            signs that all the same); or the key can not be used.
    """
    try:
        model = bentoml.models.get(tag)
        if model.tag.name not in names():
            msg = f"{model.tag} is no model of this project."
            raise SignError(msg)
        contract = find(model.tag.name).CONTRACT
        manifest, _ = artifact.check(contract, model, allow_version_mismatch=True)
        if manifest.gate == "failed" and not force:
            msg = f"{model.tag} failed its gate. To sign it all the same, add --force."
            raise SignError(msg)
        sha256 = str(model.info.metadata["manifest_sha256"])
        model.info.metadata[signature.METADATA] = signature.sign(model.tag, sha256, key)
    except (ArtifactError, SignatureError) as error:
        raise SignError(str(error)) from error
    except BentoMLException as error:
        msg = f"{tag} is not in the model store: `bentoml models list` shows what is."
        raise SignError(msg) from error
    model.flush()  # type: ignore[no-untyped-call] # bentoml's has no types
    return str(model.tag)
