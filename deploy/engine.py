"""The container engine: Docker's own command line, and what it says when it fails."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any


class EngineError(Exception):
    """A command of the engine failed; the text is what it said."""


def docker(*arguments: str, **environment: str) -> str:
    """Run `docker …`; what it prints.

    Raises:
        EngineError: it failed, or there is no docker.
    """
    return run("docker", *arguments, cwd=None, **environment)


def run(*command: str, cwd: Path | None = None, **environment: str) -> str:
    """Run a command; what it prints.

    Raises:
        EngineError: it failed, or there is no such command.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, and no shell
            command,
            cwd=cwd,
            env=os.environ | environment,
            check=False,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        msg = f"{command[0]} is not installed"
        raise EngineError(msg) from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2_000:]
        msg = f"`{' '.join(command[:3])} …` failed: {said}"
        raise EngineError(msg)
    return done.stdout


def inspect(name: str) -> dict[str, Any]:
    """What the engine knows of a container or image.

    Raises:
        EngineError: there is none of that name.
    """
    (found,) = json.loads(docker("inspect", name))
    return dict(found)
