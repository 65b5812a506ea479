"""The versions that a model was made with, and those that are here."""

import platform
from importlib.metadata import version

from serving.manifest import Versions

PINNED = ("scikit-learn", "catboost")
RECORDED = (*PINNED, "bentoml", "numpy", "pydantic", "scipy", "skops")


def current_versions() -> Versions:
    """Say what runs here."""
    return Versions(
        python=platform.python_version(),
        libraries={library: version(library) for library in RECORDED},
    )


def mismatch(made: Versions, here: Versions) -> list[str]:
    """Say which of those that matter differ, a phrase each; a patch release does not."""
    pairs = {"Python": (made.python, here.python)} | {
        library: (made.libraries.get(library, "none"), here.libraries[library])
        for library in PINNED
    }
    return [
        f"{what} {then}, here {now}"
        for what, (then, now) in pairs.items()
        if _minor(then) != _minor(now)
    ]


def _minor(text: str) -> list[str]:
    return text.split(".")[:2]
