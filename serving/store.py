"""Where the service finds its models: in the local store, by tag."""

import os
from collections.abc import Iterable
from typing import Any

import bentoml
from bentoml.exceptions import BentoMLException
from bentoml.models import BentoModel

from serving.artifact import ArtifactError
from settings import PREFIX, tag_of


class Reference(BentoModel):  # type: ignore[misc] # untyped, as it is loaded late
    """A model in the local store. BentoML's own would ask a remote one, and not say what to do."""

    def resolve(self, base_path: Any = None, **options: Any) -> bentoml.Model:
        """Find the stored model.

        Raises:
            ArtifactError: the store does not have it.
        """
        if self.stored is None:
            msg = (
                f"{self.tag} is not in the model store. Train it with "
                f"`python -m train {self.tag.name}`, or see which tags there are with "
                "`bentoml models list`."
            )
            raise ArtifactError(msg)
        stored: bentoml.Model = super().resolve(base_path, **options)
        return stored


def reference(tag: str) -> Reference:
    """Name a model in the store.

    Raises:
        ArtifactError: nothing can have such a tag.
    """
    try:
        return Reference(tag)
    except (ValueError, BentoMLException) as error:
        msg = f"{tag} is no tag of a model: one reads like sentiment:latest."
        raise ArtifactError(msg) from error


def find(model: str, bento: bentoml.Bento | None) -> bentoml.Model:
    """Find what to serve: the tag that the operator names, else the Bento's own, else the latest.

    A Bento records its models' tags, but BentoML serves the latest of the store all the same. And
    where no model passed its gate, the latest is one that did not.

    Raises:
        ArtifactError: the store does not have it, or it failed its gate and was not named itself.
    """
    built = bento.info.all_models if bento else []
    pinned = {info.tag.name: str(info.tag) for info in built}
    asked = tag_of(model, pinned.get(model))
    stored = reference(asked).resolve()
    if stored.info.labels.get("gate") == "failed" and asked != str(stored.tag):
        msg = (
            f"{stored.tag} failed its gate. Train a better one with `python -m train {model}`, "
            f"or serve it all the same: TABENTO_{model.upper()}_TAG={stored.tag}."
        )
        raise ArtifactError(msg)
    return stored


def check_tags(models: Iterable[str]) -> None:
    """Refuse a tag that is set for no model: who mistypes a name would be served another version.

    Raises:
        ArtifactError: there is one.
    """
    known = {f"{PREFIX}{model.upper()}_TAG" for model in models}
    named = {name for name in os.environ if name.startswith(PREFIX) and name.endswith("_TAG")}
    if unknown := named - known:
        names, others = ", ".join(sorted(unknown)), ", ".join(sorted(known))
        msg = f"unknown setting {names}; tags can be named with {others}."
        raise ArtifactError(msg)
