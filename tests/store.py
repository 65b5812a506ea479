"""Stores that a test may ruin."""

import hashlib
import json
import shutil


def copy_of(home, folder):
    """A home with the same models, and where the files of each lie."""
    shutil.copytree(home / "models", folder / "models")
    return folder, {file.parent.parent.name: file.parent for file in _manifests(folder)}


def _manifests(folder):
    return (folder / "models").glob("*/*/manifest.json")


def newer(home, model, version):
    """Store the latest model once more, as a newer version; return its folder."""
    versions = home / "models" / model
    before = (versions / "latest").read_text().strip()
    folder = versions / version
    shutil.copytree(versions / before, folder)
    facts = folder / "model.yaml"
    facts.write_text(facts.read_text().replace(f"version: {before}", f"version: {version}"))
    (versions / "latest").write_text(version)
    return folder


def alter(model, name, content):
    """Change a file and every hash of it, as somebody could who may write the store."""
    (model / name).write_bytes(content)
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": sha256(content), "size": len(content)}
    resign(model, manifest)


def resign(model, manifest):
    """Write another manifest, with the right hash of it."""
    before = sha256((model / "manifest.json").read_bytes())
    content = json.dumps(manifest).encode()
    (model / "manifest.json").write_bytes(content)
    facts = model / "model.yaml"
    facts.write_text(facts.read_text().replace(before, sha256(content)))


def sha256(content):
    return hashlib.sha256(content).hexdigest()
