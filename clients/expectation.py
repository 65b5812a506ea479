"""What a release is to answer: each model's tag and hash, and what it says of its examples.

The rows are the contracts' `EXAMPLE`, which are public. The golden rows inside an artifact are not
asked for: those of a real model may be real people, so no route shows them. Each worker has checked
them itself before it says that it is ready.
"""

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from models._contract import Strict


class ExpectationError(Exception):
    """The file can not be used; the text says why."""


class ExpectedModel(Strict):
    """One model: which artifact, and its predictions for the contract's `EXAMPLE`, in order."""

    tag: Annotated[str, Field(pattern="^[a-z0-9_]+:.+$")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    predictions: list[dict[str, Any]]


class Expectation(Strict):
    """Every model that is to be served, by name."""

    models: dict[str, ExpectedModel]


def read(file: Path) -> Expectation:
    """Read what `write` wrote.

    Raises:
        ExpectationError: there is no such file, or it is something else.
    """
    try:
        return Expectation.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        msg = f"{file} is no expectation; write one with --record: {error}"
        raise ExpectationError(msg) from error


def write(file: Path, expectation: Expectation) -> None:
    """Write it for people to read, too: what changes from release to release shows in a diff."""
    content = json.dumps(expectation.model_dump(mode="json"), indent=2, sort_keys=True)
    file.write_text(content + "\n")
