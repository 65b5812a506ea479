"""Who made a model: a signature over its manifest, which holds the hashes of all its files.

What is signed is one line, the tag and the manifest's sha256, so that a signed manifest cannot be
put under another version:

    tabento loan_default:cnxuiwhfk6vxaax4 5d41...c592

The signature lies in the store's own file, `model.yaml`: a model is read in the same way with it
and without, and moves with it from store to store. Keys are PEM files, Ed25519 or ECDSA on P-256
(there over the line's sha256).
"""

import base64
import binascii
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bentoml

METADATA = "manifest_signature"
"""The metadata of a stored model has `key` and `signature` under this name."""

KINDS = "a PEM file of an Ed25519 key, or of an ECDSA key on the curve P-256"


class SignatureError(ValueError):
    """A model is not signed as it should be, or a key cannot be used; the text says what to do."""


def check(stored: bentoml.Model, sha256: str, public_key: Path) -> None:
    """Make sure that the private half of `public_key` has signed this version and manifest.

    Raises:
        SignatureError: it has not, or there is no telling.
    """
    public = _public(public_key)
    signed: Any = stored.info.metadata.get(METADATA)
    if not isinstance(signed, dict):
        raise _unsigned(stored, f"it is not signed, and {public_key} is the key to be signed with.")
    expected, found = fingerprint(public), str(signed.get("key"))
    if found != expected:
        raise _unsigned(stored, f"it is signed with the key {found}; {public_key} is {expected}.")
    if not _verified(public, str(signed.get("signature")), line(stored.tag, sha256)):
        raise _unsigned(stored, "its signature is not one of this version with this manifest.")


def sign(tag: bentoml.Tag, sha256: str, private_key: Path) -> dict[str, str]:
    """Sign a version with its manifest: what belongs into the metadata under `METADATA`.

    Raises:
        SignatureError: the key cannot be used.
    """
    private, signed = _private(private_key), line(tag, sha256)
    signature = private.sign(signed, *_how(private.public_key()))
    return {
        "key": fingerprint(private.public_key()),
        "signature": base64.b64encode(signature).decode(),
    }


def line(tag: bentoml.Tag, sha256: str) -> bytes:
    """What is signed."""
    return f"tabento {tag} {sha256}\n".encode()


def fingerprint(public: Any) -> str:
    """Name a key: the sha256 of its DER form, as `openssl pkey -pubout -outform DER` writes it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _verified(public: Any, signature: str, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        public.verify(base64.b64decode(signature, validate=True), signed, *_how(public))
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _public(file: Path) -> Any:
    key = _read(file, _serialization().load_pem_public_key)
    _how(key, file)
    return key


def _private(file: Path) -> Any:
    load = _serialization().load_pem_private_key
    key = _read(file, lambda pem: load(pem, password=None))
    _how(key.public_key(), file)
    return key


def _serialization() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        msg = (
            "Signatures of models need the package cryptography, which is not installed here. "
            "Install Tabento's extra `signing`, or unset TABENTO_MODEL_PUBLIC_KEY."
        )
        raise SignatureError(msg) from error
    return serialization


def _read(file: Path, load: Callable[[bytes], Any]) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(file.read_bytes())
    except OSError as error:
        msg = f"The key {file} can not be read: {error.strerror}."
        raise SignatureError(msg) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # A TypeError: it is encrypted. What the library says of the others is no help.
        msg = f"The key {file} can not be used: it should be {KINDS}, and not encrypted."
        raise SignatureError(msg) from error


def _how(public: Any, file: Path | None = None) -> tuple[Any, ...]:
    """What `sign` and `verify` of such a key want besides the bytes."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(public, ed25519.Ed25519PublicKey):
        return ()
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return (ec.ECDSA(SHA256()),)
    msg = f"The key {file} is of another kind: it should be {KINDS}."
    raise SignatureError(msg)


def _unsigned(stored: bentoml.Model, what: str) -> SignatureError:
    remedy = (
        f"Sign it with `python -m train sign {stored.tag} --key FILE`, or serve another version."
    )
    return SignatureError(f"{stored.tag}: {what} {remedy}")
