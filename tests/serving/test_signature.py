"""Where a public key is set, only what its private key has signed is served."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import bentoml
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore

from models import sentiment
from serving import artifact, estimator, signature
from serving.artifact import ArtifactError
from serving.signature import SignatureError
from tests.conftest import serving
from tests.store import copy_of, newer, resign
from train.__main__ import main

pytest.importorskip("cryptography", reason="the package cryptography is not installed")

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

KINDS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
}
UNUSABLE = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
}


def pair(folder, kind="ed25519", encryption=None):
    """The two files of a new key."""
    key = (KINDS | UNUSABLE)[kind]()
    private, public = folder / f"{kind}.pem", folder / f"{kind}.pub.pem"
    private.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


@pytest.fixture
def store(home, tmp_path):
    """A copy of the models that a test may change."""
    copy, _ = copy_of(home, tmp_path / "home")
    BentoMLContainer.model_store.set(ModelStore(copy / "models"))
    yield copy
    BentoMLContainer.model_store.reset()


@pytest.fixture(autouse=True)
def _nothing_is_deserialised(request, monkeypatch):
    """Whoever gets as far as reading a model file fails, where a refusal is expected."""
    if "refusal" in request.fixturenames:
        monkeypatch.setattr(estimator, "load", lambda _: pytest.fail("a model file was read"))


@pytest.fixture
def refusal():
    def read(public):
        with pytest.raises(ArtifactError) as caught:
            artifact.read(sentiment, latest(), public_key=public)
        assert str(latest().tag) in str(caught.value)
        return str(caught.value)

    return read


def latest():
    return bentoml.models.get("sentiment:latest")


def sign(private, *words):
    return main(["sign", "sentiment", "--key", str(private), *words])


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_model_is_served_where_its_public_key_is_set(store, tmp_path, kind):
    private, public = pair(tmp_path, kind)

    assert sign(private) == 0
    assert artifact.read(sentiment, latest(), public_key=public).tag == str(latest().tag)


def test_a_signed_model_is_served_as_before_where_no_key_is_set(store, tmp_path):
    before = artifact.read(sentiment, latest())
    assert sign(pair(tmp_path)[0]) == 0

    assert artifact.read(sentiment, latest()).sha256 == before.sha256


def test_a_model_without_a_signature_is_refused(store, tmp_path, refusal):
    said = refusal(pair(tmp_path)[1])

    assert "it is not signed" in said
    assert f"python -m train sign {latest().tag} --key FILE" in said


def test_a_model_signed_with_another_key_is_refused_and_both_are_named(store, tmp_path, refusal):
    assert sign(pair(tmp_path, "p256")[0]) == 0
    signed = latest().info.metadata[signature.METADATA]["key"]
    public = pair(tmp_path)[1]

    said = refusal(public)
    assert signed in said
    assert str(public) in said


def test_whoever_writes_the_right_keys_name_over_a_foreign_signature_is_refused(
    store, tmp_path, refusal
):
    assert sign(pair(tmp_path, "p256")[0]) == 0
    foreign = latest().info.metadata[signature.METADATA]["signature"]
    private, public = pair(tmp_path)
    assert sign(private) == 0
    file = Path(latest().path) / "model.yaml"
    own = latest().info.metadata[signature.METADATA]["signature"]
    file.write_text(file.read_text().replace(own, foreign))

    assert "its signature is not one of this version" in refusal(public)


def test_a_manifest_that_was_altered_with_every_hash_is_refused(store, tmp_path, refusal):
    private, public = pair(tmp_path)
    assert sign(private) == 0
    folder = Path(latest().path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["policy"]["threshold"] = 0.99
    resign(folder, manifest)

    assert "its signature is not one of this version with this manifest" in refusal(public)


def test_a_signed_model_under_another_version_is_refused(store, tmp_path, refusal):
    """An older model, put where a pinned version lies, would answer in its name."""
    private, public = pair(tmp_path)
    assert sign(private) == 0
    newer(store, "sentiment", "zzzzzzzzzzzzzzzz")

    assert "its signature is not one of this version" in refusal(public)


@pytest.mark.parametrize("text", ["", "no base64!", "AAAA"])
def test_what_is_no_signature_is_refused(store, tmp_path, refusal, text):
    private, public = pair(tmp_path)
    assert sign(private) == 0
    file = Path(latest().path) / "model.yaml"
    own = latest().info.metadata[signature.METADATA]["signature"]
    file.write_text(file.read_text().replace(own, f"'{text}'"))

    assert "its signature is not one of this version" in refusal(public)


def test_metadata_of_another_form_is_no_signature(store, tmp_path, refusal):
    model = latest()
    model.info.metadata[signature.METADATA] = "signed"
    model.flush()

    assert "it is not signed" in refusal(pair(tmp_path)[1])


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_key_of_another_kind_is_refused(store, tmp_path, refusal, capsys, kind):
    private, public = pair(tmp_path, kind)

    assert sign(private) == 1
    assert "of another kind" in capsys.readouterr().err
    with pytest.raises(ArtifactError, match="of another kind"):
        artifact.check(sentiment, latest(), public_key=public)


def test_a_key_that_can_not_be_read_is_refused(store, tmp_path):
    (tmp_path / "text").write_text("no key")
    private, _ = pair(tmp_path)

    for file in (tmp_path / "text", tmp_path / "none", private):
        with pytest.raises(ArtifactError, match=r"The key .* can not be"):
            artifact.check(sentiment, latest(), public_key=file)


def test_an_encrypted_private_key_is_refused(store, tmp_path, capsys):
    private, _ = pair(tmp_path, encryption=BestAvailableEncryption(b"secret"))

    assert sign(private) == 1
    assert "not encrypted" in capsys.readouterr().err


def test_without_the_package_a_set_key_is_refused_with_what_to_install(
    store, tmp_path, monkeypatch
):
    public = pair(tmp_path)[1]
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)

    with pytest.raises(SignatureError, match="extra `signing`"):
        signature.check(latest(), "", public)


def test_what_is_altered_is_not_signed(store, tmp_path, capsys):
    file = Path(latest().path) / "model.skops"
    file.write_bytes(file.read_bytes()[:-1])

    assert sign(pair(tmp_path)[0]) == 1
    assert "model.skops is not as training wrote it" in capsys.readouterr().err
    assert signature.METADATA not in latest().info.metadata


def test_a_model_that_failed_its_gate_is_signed_only_by_force(store, tmp_path, capsys):
    private, public = pair(tmp_path)
    folder = Path(latest().path)
    manifest = json.loads((folder / "manifest.json").read_text())
    resign(folder, manifest | {"gate": "failed"})

    assert sign(private) == 1
    assert "failed its gate" in capsys.readouterr().err
    assert sign(private, "--force") == 0
    assert artifact.check(sentiment, latest(), public_key=public)


def test_what_is_not_in_the_store_can_not_be_signed(store, tmp_path, capsys):
    assert main(["sign", "sentiment:none", "--key", str(pair(tmp_path)[0])]) == 1
    assert "sentiment:none is not in the model store" in capsys.readouterr().err


def test_a_promotion_keeps_the_signature(store, tmp_path):
    private, public = pair(tmp_path)
    assert sign(private) == 0
    assert main(["promote", str(latest().tag), "--why", "a test"]) == 0

    assert artifact.check(sentiment, latest(), public_key=public)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_openssl_agrees_on_key_and_signature(store, tmp_path, kind):
    private, public = pair(tmp_path, kind)
    assert sign(private) == 0
    signed = latest().info.metadata[signature.METADATA]
    manifest = hashlib.sha256((Path(latest().path) / "manifest.json").read_bytes()).hexdigest()
    (tmp_path / "line").write_text(f"tabento {latest().tag} {manifest}\n")
    (tmp_path / "signature").write_bytes(base64.b64decode(signed["signature"]))

    def openssl(*words):
        command = ["openssl", *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)

    files = ["-pubin", "-inkey", public.name, "-sigfile", "signature", "-in", "line"]
    raw = ["-rawin"] if kind == "ed25519" else ["-rawin", "-digest", "sha256"]
    der = openssl("pkey", "-pubin", "-in", public.name, "-outform", "DER").stdout
    verified = openssl("pkeyutl", "-verify", *files, *raw)

    assert hashlib.sha256(der).hexdigest() == signed["key"]
    assert b"Verified Successfully" in verified.stdout, verified.stderr


@pytest.mark.slow
def test_a_service_with_a_key_starts_with_signed_models_and_else_ends_with_one_sentence(
    store, tmp_path
):
    private, public = pair(tmp_path)
    for name in ("loan_default", "sentiment"):
        assert main(["sign", name, "--key", str(private)]) == 0
    setting = {"TABENTO_MODEL_PUBLIC_KEY": str(public)}
    (tmp_path / "refused").mkdir()
    with serving(store, tmp_path / "refused", **setting) as running:
        assert running.process.wait(90) == 1
        said = running.log.read_text()
    assert main(["sign", "breast_cancer", "--key", str(private)]) == 0
    (tmp_path / "served").mkdir()
    with serving(store, tmp_path / "served", **setting) as running:
        running.ready()

    assert "breast_cancer" in said
    assert said.count("it is not signed") == 1
    assert "Traceback" not in said
    assert "Service tabento initialized" not in said
