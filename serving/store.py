"""Where the service finds its models: a reference to the model store that says how to fill it."""

from typing import Any

import bentoml
from bentoml.models import BentoModel

from serving.artifact import ArtifactError


class Reference(BentoModel):  # type: ignore[misc]  # BentoML loads the name lazily
    """A model in the local store. BentoML's own would ask a remote one, and not say what to do."""

    def resolve(self, base_path: Any = None, **options: Any) -> bentoml.Model:
        """Find the stored model.

        Raises:
            ArtifactError: the store does not have it.
        """
        if self.stored is None:
            msg = (
                f"{self.tag} is not in the model store. "
                f"Train it with `python -m train {self.tag.name}`, or see with `bentoml models list` "
                "which tags there are."
            )
            raise ArtifactError(msg)
        stored: bentoml.Model = super().resolve(base_path, **options)
        return stored
