"""The image with the libraries alone, made anew only where they are other ones.

BuildKit would find out by itself that they are the same, but reads a gigabyte for it after every
change of code. Here the engine's own digests of the layers say it.
"""

import hashlib
import json
from pathlib import Path

from deploy.engine import EngineError, docker, inspect

HERE = Path(__file__).parent
# What the stage `libraries` of the Dockerfile is made with.
FILES = ("Dockerfile", "library.py", "tabento.pth")
INSTALLS = "pip install -r "
# Of the lines of a Dockerfile those that always make a layer.
LAYERS = ("RUN ", "COPY ")


def image(bento: str, base: str) -> str:
    """Find or build the libraries of the image `bento`, which BentoML made; the name of theirs.

    Raises:
        EngineError: the build failed.
    """
    tag = f"tabento-libraries:{_fingerprint(bento, base)}"
    try:
        inspect(tag)
    except EngineError:
        command = ["build", "--progress=plain", "--target=libraries", "--tag", tag, str(HERE)]
        command += [f"--build-arg=BASE_IMAGE={base}", f"--build-arg=BENTO_IMAGE={bento}"]
        docker(*command, DOCKER_BUILDKIT="1")
    return tag


def _fingerprint(bento: str, base: str) -> str:
    """Another one for other libraries, another base or another way to make them smaller."""
    layers = inspect(bento)["RootFS"]["Layers"]
    history = docker("history", "--no-trunc", "--format={{.CreatedBy}}", bento).splitlines()
    content = hashlib.sha256(json.dumps([base, installed(layers, history)]).encode())
    for name in FILES:
        content.update((HERE / name).read_bytes())
    return content.hexdigest()[:16]


def installed(layers: list[str], history: list[str]) -> list[str]:
    """The layers up to the one in which the libraries were installed; all, if that is not clear.

    Args:
        layers: Their digests, the oldest first.
        history: What made the image, the newest first.
    """
    after = 0
    for line in history:
        if INSTALLS in line:
            return layers[: len(layers) - after]
        after += line.startswith(LAYERS)
    return layers
