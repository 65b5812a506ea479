"""What an artifact says of itself."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from models._contract import Policy, Strict

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class File(Strict):
    """One file of the artifact."""

    sha256: Sha256
    size: Annotated[int, Field(ge=0, description="Bytes.")]


class Versions(Strict):
    """What the model was made with; another minor version may answer otherwise."""

    python: str
    libraries: dict[str, str]


class Data(Strict):
    """Where the training rows came from and where they went.

    `read` counts them before any was dropped; `split` is the sha256 of the row numbers of all
    parts, in their order.
    """

    source: str
    synthetic: bool
    fingerprint: Sha256
    rows: dict[str, int]
    dropped: Annotated[dict[str, int], Field(default_factory=dict)]
    seed: int
    read: int | None = None
    split: Sha256 | None = None
    split_by: str = "random"


class Manifest(Strict):
    """Everything known of a trained model that is no picture and no row.

    `metrics` are those of the held-out rows. `gate` says whether they were good enough to be
    served. `lock_sha256` is of the requirements file that the training environment comes from;
    `git_revision` ends in `-dirty` where the code differed from that commit. `run_id` is that of
    the experiment tracker.
    """

    name: str
    files: dict[str, File]
    versions: Versions
    estimator: str
    parameters: dict[str, JsonValue]
    data: Data
    metrics: dict[str, float]
    policy: Policy
    gate: Literal["passed", "failed"]
    git_revision: str | None
    trained_at: Annotated[datetime, Field(strict=False)]
    train_seconds: float
    lock_sha256: Sha256 | None = None
    run_id: str | None = None


class Golden(Strict):
    """Rows and the answers they got in training. A worker that answers otherwise does not start."""

    rows: list[JsonValue]
    predictions: list[JsonValue]
