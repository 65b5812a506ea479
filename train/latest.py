"""Which stored model `latest` names: of those that passed, the one saved or promoted last."""

from datetime import datetime
from pathlib import Path
from typing import Any

import bentoml
from bentoml.exceptions import NotFound

LATEST = "latest"
"""BentoML keeps the version in a file of this name beside the versions."""

PROMOTIONS = "promotions"
"""The metadata of a stored model lists under this name who promoted it when and why."""


def stored(name: str) -> list[bentoml.Model]:
    """All versions of a model, the newest first."""
    try:
        found = bentoml.models.list(name)
    except NotFound:
        return []
    return sorted(found, key=lambda model: model.creation_time, reverse=True)


def passed(name: str) -> list[str]:
    """The tags of the models that passed their gate, the one saved or promoted last first."""
    good = [model for model in stored(name) if model.info.labels.get("gate") == "passed"]
    good.sort(key=standing, reverse=True)
    return [str(model.tag) for model in good]


def standing(model: bentoml.Model) -> datetime:
    """When it was last said that this is the one to serve."""
    times = [datetime.fromisoformat(each["when"]) for each in promotions(model)]
    return max([model.creation_time, *times])


def promotions(model: bentoml.Model) -> list[dict[str, Any]]:
    """Each with `who`, `when` and `why`, the oldest first."""
    found: Any = model.info.metadata.get(PROMOTIONS, [])
    return list(found)


def current(name: str) -> str | None:
    """The tag that `latest` names, or None where nothing has passed."""
    return next(iter(passed(name)), None)


def point_latest(name: str) -> None:
    """Let `latest` name the current model; BentoML lets it name the newest of all.

    Where none passed nothing can be named: BentoML, finding nothing, takes the newest of all again.
    """
    tag = current(name)
    if tag:
        model = bentoml.models.get(tag)
        Path(model.path).with_name(LATEST).write_text(str(model.tag.version))
