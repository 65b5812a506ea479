"""Every setting: its name, type, default and meaning.

A setting is read from the environment variable `TABENTO_<NAME>` when the process starts, else it
has the default below. A wrong value or an unknown name refuses to start.
"""

import os
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "TABENTO_"
# Beyond it no library counts as it should, and nobody means it.
MOST = 2**31 - 1


def _file(path: Path) -> Path:
    """An empty value is the folder that the service runs in."""
    if path.is_dir():
        msg = "a file should be named, and this is a folder"
        raise ValueError(msg)
    return path


File = Annotated[Path, AfterValidator(_file)]


class Settings(BaseSettings):
    """What an operator may set. For which tag of a model is served, see `tag_of`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    workers: Annotated[
        int, Field(ge=1, le=1_000, description="Worker processes, each with its own models.")
    ] = 1
    front: Annotated[
        Literal["on", "off"],
        Field(description="`off` predicts through BentoML's own layers: slower, same answers."),
    ] = "on"
    allow_version_mismatch: Annotated[
        bool,
        Field(description="Serve a model made with other library versions, with a logged warning."),
    ] = False
    model_public_key: Annotated[
        File | None,
        Field(description="PEM file: only models that its private key has signed are served."),
    ] = None
    max_body_bytes: Annotated[
        int, Field(ge=1_000, le=MOST, description="Largest request body; a larger one is a 413.")
    ] = 8 * 2**20
    max_arrow_rows: Annotated[
        int,
        Field(
            ge=1, le=MOST, description="Most rows in one Arrow body, where pyarrow is installed."
        ),
    ] = 65_536
    max_batch_rows: Annotated[
        int,
        Field(
            ge=1, le=MOST, description="Most rows predicted at once; one request may bring more."
        ),
    ] = 512
    max_queue_rows: Annotated[
        int,
        Field(
            ge=512, le=MOST, description="Most rows waiting per model and worker; more is a 503."
        ),
    ] = 32_768
    max_wait_ms: Annotated[
        int,
        Field(
            ge=1, le=MOST, description="Longest a request may wait for its batch; longer is a 503."
        ),
    ] = 1_000
    timeout_s: Annotated[
        float, Field(gt=0, le=3_600, description="Longest a request may take; longer is a 504.")
    ] = 10
    max_in_flight: Annotated[
        int,
        Field(
            ge=1, le=MOST, description="Most prediction requests at once per worker; more is a 503."
        ),
    ] = 1_024
    drain_s: Annotated[
        float,
        Field(ge=0, le=600, description="How long a stopping worker still answers, and says so."),
    ] = 2
    drain: Annotated[
        Literal["refuse", "answer"],
        Field(
            description="What a stopping worker does with predictions that still come: send them "
            "elsewhere by a 503, or answer them; either way their connections are closed."
        ),
    ] = "refuse"
    reload_s: Annotated[
        float,
        Field(ge=0, le=86_400, description="Look for newer models as often; 0: only when told."),
    ] = 0
    api_keys_file: Annotated[
        File | None, Field(description="TOML file of hashed API keys; without one, all may call.")
    ] = None
    cors_origins: Annotated[
        str,
        Field(
            pattern=r"^(\*|https?://[^\s,/*]+(\s*,\s*https?://[^\s,/*]+)*)?$",
            description="Origins whose pages may call, comma-separated; * for all; else none.",
        ),
    ] = ""
    protect: Annotated[
        Literal["predictions", "all"],
        Field(description="What needs a key, where there are keys. Probes never do."),
    ] = "predictions"
    predictions_file: Annotated[
        File | None,
        Field(description="SQLite file to keep predictions in, for outcomes; without, none are."),
    ] = None
    predictions_max_bytes: Annotated[
        int,
        Field(
            ge=1_000_000, le=MOST**2, description="Largest predictions file; the oldest rows go."
        ),
    ] = 2**30
    predictions_max_days: Annotated[
        float, Field(gt=0, le=36_500, description="How long a prediction is kept.")
    ] = 400
    log_rejected_bodies: Annotated[
        bool,
        Field(description="Log invalid bodies, capped, without the fields marked private."),
    ] = False
    log_sample: Annotated[
        float,
        Field(ge=0, le=1, description="Part of 2xx answers with a log line; all others have one."),
    ] = 1.0
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="Least level logged.")
    ] = "INFO"

    @model_validator(mode="after")
    def _no_unknown_names(self) -> Self:
        known = {f"{PREFIX}{name.upper()}" for name in type(self).model_fields}
        unknown = [
            name
            for name in os.environ
            if name.upper().startswith(PREFIX) and name not in known and not name.endswith("_TAG")
        ]
        if unknown:
            names, others = ", ".join(sorted(unknown)), ", ".join(sorted(known))
            msg = f"unknown setting {names}; known are {others}"
            raise ValueError(msg)
        return self


@cache
def settings() -> Settings:
    """Read the settings once a process; end it, with one sentence a fault, where they are wrong."""
    try:
        return Settings()
    except ValidationError as error:
        faults = [_fault(each["loc"], each["msg"]) for each in error.errors()]
        raise SystemExit("tabento: " + "; ".join(faults)) from None


def _fault(loc: tuple[int | str, ...], msg: str) -> str:
    """Of one setting, or of all: then it has no place."""
    where = f"{PREFIX}{'_'.join(map(str, loc)).upper()}: " if loc else ""
    return where + msg.removeprefix("Value error, ")


def tag_of(model: str, default: str | None = None) -> str:
    """Which tag to serve: `TABENTO_<MODEL>_TAG`, else `default`, else the latest.

    Naming an older one is a rollback.
    """
    return os.environ.get(f"{PREFIX}{model.upper()}_TAG") or default or f"{model}:latest"
