"""From the working tree and the model store to an image that runs."""

import os
import sys
from pathlib import Path
from typing import Any

import yaml

from deploy.engine import EngineError, docker, run
from deploy.image import libraries

ROOT = Path(__file__).parent.parent.parent
BENTOML = (sys.executable, "-m", "bentoml")


def image(tag: str, base: str) -> str:
    """`bentoml build --containerize`, then the finishing Dockerfile beside this file.

    Both in one process: importing the libraries takes as long as either.

    Returns:
        The Bento's tag, which is another name of the image; what BentoML made is `<tag>-bento`.

    Raises:
        EngineError: one of them failed; the text is what it said.
    """
    said = run(*BENTOML, "build", "--containerize", "--output", "tag", cwd=ROOT, BASE_IMAGE=base)
    name = said.rpartition("__tag__:")[2].split()[0]
    raw = f"{name}-bento"
    docker("tag", name, raw)
    arguments = {"BASE_IMAGE": base, "BENTO_IMAGE": raw, "LIBRARIES": libraries.image(raw, base)}
    folder = str(Path(__file__).parent)
    command = ["build", "--progress=plain", "--tag", tag, "--tag", name, folder]
    for key, value in arguments.items():
        command += ["--build-arg", f"{key}={value}"]
    for key, value in _labels(name).items():
        command += ["--label", f"{key}={value}"]
    docker(*command, DOCKER_BUILDKIT="1")
    return name


def _labels(bento: str) -> dict[str, str]:
    """Which code, which Bento, which models: what an operator asks of an image."""
    home = os.environ.get("BENTOML_HOME") or Path.home() / "bentoml"
    file = Path(home, "bentos", *bento.split(":"), "bento.yaml")
    facts: dict[str, Any] = yaml.safe_load(file.read_text())
    models = sorted(each["tag"] for service in facts["services"] for each in service["models"])
    return {
        "org.opencontainers.image.title": "tabento",
        "org.opencontainers.image.revision": _revision(),
        "org.opencontainers.image.created": str(facts["creation_time"]),
        "org.opencontainers.image.version": bento.partition(":")[2],
        "org.opencontainers.image.licenses": "Apache-2.0",
        "tabento.models": " ".join(models),
    }


def _revision() -> str:
    """The commit, with `-dirty` where the tree is not what was committed."""
    try:
        commit = run("git", "rev-parse", "HEAD", cwd=ROOT).strip()
        changed = run("git", "status", "--porcelain", cwd=ROOT).strip()
    except EngineError:
        return "unknown"
    return f"{commit}-dirty" if changed else commit
