"""Runs in MLflow: opened, filled and closed.

MLflow is heavy, so it is installed apart and imported only here, when it is asked for.
"""

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from train.revision import revision

FOLDER = ".mlflow"
"""Of the runs, where MLFLOW_TRACKING_URI names no other place."""

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # A server that does not answer is given up within a minute, not after many.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
AT_ONCE = 100
"""As many parameters, or tags, as one call may hold."""
LONGEST = 500
"""Characters of a value: the least that any version of MLflow has allowed."""

NOT_INSTALLED = (
    "--track needs MLflow, which is not installed here: `make track` makes an environment that "
    "has it, then run `.track/bin/python -m train ...`"
)

Item = TypeVar("Item")


class TrackError(RuntimeError):
    """The run cannot be recorded; the text says why and what to do."""


@dataclass(frozen=True)
class Run:
    """An open run. `id` is what an artifact remembers it by; `place` is where to look."""

    id: str
    place: str
    experiment: str
    client: Any

    def parameters(self, named: Mapping[str, Any]) -> None:
        """What the run was given, each once."""
        entities = self._entities()
        found = [entities.Param(name, str(value)[:LONGEST]) for name, value in named.items()]
        with _told():
            for some in _parted(found):
                self.client.log_batch(self.id, params=some)

    def metrics(self, named: Mapping[str, float]) -> None:
        """What came out."""
        entities = self._entities()
        found = [entities.Metric(name, value, 0, 0) for name, value in named.items()]
        with _told():
            for some in _parted(found):
                self.client.log_batch(self.id, metrics=some)

    def tags(self, named: Mapping[str, str]) -> None:
        """What to find the run by."""
        entities = self._entities()
        found = [entities.RunTag(name, value[:LONGEST]) for name, value in named.items()]
        with _told():
            for some in _parted(found):
                self.client.log_batch(self.id, tags=some)

    def file(self, name: str, content: bytes) -> None:
        """One file of text, such as `pictures/roc.svg`."""
        with _told():
            self.client.log_text(self.id, content.decode(), name)

    @contextmanager
    def child(self, name: str) -> Iterator["Run"]:
        """A run inside this one."""
        with _open(self.client, self.experiment, self.place, name, self.id) as run:
            yield run

    @staticmethod
    def _entities() -> Any:
        return importlib.import_module("mlflow.entities")


@contextmanager
def opened(model: str, name: str) -> Iterator[Run]:
    """A run of the model's experiment; one that ends with an error is marked as failed.

    Raises:
        TrackError: MLflow is not installed, or its server does not answer.
    """
    # Before the import: MLflow looks only once.
    for setting, value in QUIET.items():
        os.environ.setdefault(setting, value)
    try:
        mlflow = importlib.import_module("mlflow")
    except ModuleNotFoundError as error:
        raise TrackError(NOT_INSTALLED) from error
    place = os.environ.get("MLFLOW_TRACKING_URI") or _own_place()
    with _told():
        client = mlflow.MlflowClient(tracking_uri=place)
        experiment = _experiment(client, os.environ.get("MLFLOW_EXPERIMENT_NAME") or model)
    with _open(client, experiment, place, name) as run:
        yield run


def _own_place() -> str:
    folder = Path(FOLDER).resolve()
    folder.mkdir(exist_ok=True)
    return f"sqlite:///{folder / 'mlflow.db'}"


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found:
        return str(found.experiment_id)
    own = "MLFLOW_TRACKING_URI" not in os.environ
    beside = (Path(FOLDER).resolve() / "artifacts" / name).as_uri() if own else None
    return str(client.create_experiment(name, artifact_location=beside))


@contextmanager
def _open(
    client: Any, experiment: str, place: str, name: str, parent: str | None = None
) -> Iterator[Run]:
    tags = {"mlflow.source.name": "python -m train", "mlflow.source.type": "LOCAL"}
    tags |= {"mlflow.source.git.commit": revision() or "unknown"}
    tags |= {"mlflow.parentRunId": parent} if parent else {}
    with _told():
        made = client.create_run(experiment, tags=tags, run_name=name)
    run = Run(made.info.run_id, place, experiment, client)
    ended = "FAILED"
    try:
        yield run
        ended = "FINISHED"
    finally:
        with _told():
            client.set_terminated(run.id, ended)


@contextmanager
def _told() -> Iterator[None]:
    """MLflow's errors, and those of whatever it keeps its runs in, as one of ours."""
    try:
        yield
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        msg = f"MLflow cannot record the run: {lines[0]}"
        raise TrackError(msg) from error


def _parted(items: Sequence[Item]) -> Iterator[list[Item]]:
    left = iter(items)
    while some := list(islice(left, AT_ONCE)):
        yield some
