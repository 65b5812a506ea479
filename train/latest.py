"""Which stored model `latest` names: the newest that passed its gate."""

from pathlib import Path

import bentoml
from bentoml.exceptions import NotFound

LATEST = "latest"
"""BentoML keeps the version in a file of this name beside the versions."""


def passed(name: str) -> list[str]:
    """The tags of the models that passed their gate, the newest first."""
    try:
        stored = bentoml.models.list(name)
    except NotFound:
        return []
    good = [model for model in stored if model.info.labels.get("gate") == "passed"]
    good.sort(key=lambda model: model.creation_time, reverse=True)
    return [str(model.tag) for model in good]


def point_latest(name: str) -> None:
    """Let `latest` name the newest model that passed; BentoML lets it name the newest of all.

    Where none passed nothing can be named: BentoML, finding nothing, takes the newest of all again.
    """
    tags = passed(name)
    if tags:
        newest = bentoml.models.get(tags[0])
        Path(newest.path).with_name(LATEST).write_text(str(newest.tag.version))
