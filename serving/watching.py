"""From an artifact to the watch over its model."""

import asyncio
from collections.abc import Callable

import structlog

from monitoring.metrics import Metrics, shared_directory
from monitoring.series import DriftSeries
from monitoring.watch import Watch
from serving.artifact import Artifact

log = structlog.get_logger()


def watch(artifact: Artifact, metrics: Metrics) -> Watch | None:
    """Watch what a model answers; None, with a warning, where there is nothing to compare with."""
    if artifact.reference is None:
        log.warning("drift_not_watched", reason=unwatched(artifact))
        return None
    model = artifact.manifest.name
    return Watch(
        model,
        artifact.reference,
        DriftSeries(metrics.drift, model, artifact.version, artifact.reference),
        directory=shared_directory(),
        soon=_soon,
    )


def unwatched(artifact: Artifact) -> str:
    """Say why there is no drift report, and what to do."""
    return (
        f"{artifact.tag} has no reference.json of this form, so its drift is not watched. "
        f"Train it again with `python -m train {artifact.manifest.name}`."
    )


def _soon(work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(work)
