"""The libraries are made smaller and compiled once, not after every change of code."""

import pytest

from deploy.engine import docker, inspect
from deploy.image import libraries
from deploy.image.libraries import installed
from tests.deploy.conftest import BASE

LAYERS = ["base", "venv", "installed", "code", "mode"]
HISTORY = [
    "ENTRYPOINT", "RUN |1 A=b /bin/sh -c chmod +x it", "EXPOSE", "COPY . ./ # buildkit",
    "RUN |1 A=b /bin/sh -c uv pip install -r requirements.txt", "RUN /bin/sh -c uv venv", "",
]  # fmt: skip


def test_what_comes_after_the_installation_makes_no_other_libraries():
    assert installed(LAYERS, HISTORY) == ["base", "venv", "installed"]


def test_where_no_installation_is_seen_all_layers_count():
    assert installed(LAYERS, [line for line in HISTORY if "install" not in line]) == LAYERS


@pytest.mark.slow
@pytest.mark.container
@pytest.mark.timeout(600)
def test_the_image_stands_upon_those_of_its_own_bento(image):
    version = inspect(image)["Config"]["Labels"]["org.opencontainers.image.version"]
    bento = f"tabento:{version}-bento"
    layers = inspect(bento)["RootFS"]["Layers"]
    history = docker("history", "--no-trunc", "--format={{.CreatedBy}}", bento).splitlines()
    below = inspect(libraries.image(bento, BASE))["RootFS"]["Layers"]

    assert inspect(image)["RootFS"]["Layers"][: len(below)] == below
    # The code with the models, and a file's mode.
    assert installed(layers, history) == layers[:-2]
