"""One container of a release: where it answers, what it said last, how it goes."""

import secrets
import socket
import subprocess
import sys
from contextlib import suppress

from deploy.engine import EngineError, docker, inspect

# Below those that systems give to outgoing connections: a port must be free again after a reboot,
# and when its container is put back in place.
PORTS = range(20_000, 30_000)


class ReleaseError(Exception):
    """The new one does not serve; the text says why. What served before still does."""


def address(container: str) -> str:
    """Where the engine published it, once it runs."""
    ports = inspect(container)["NetworkSettings"]["Ports"]
    try:
        (at,) = ports["3000/tcp"]
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseError(last_words(container)) from error
    return f"{at['HostIp']}:{at['HostPort']}"


def serving(container: str | None) -> str | None:
    """Where it is published, if it is there and runs."""
    with suppress(ReleaseError):
        return address(container) if container and _exists(container) else None
    return None


def last_words(container: str) -> str:
    """Why it does not run, as far as it said so itself."""
    code = inspect(container)["State"]["ExitCode"]
    command = ["docker", "logs", "--tail=5", container]
    said = subprocess.run(  # noqa: S603 - our own
        command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout.strip()
    return f"{container} ended with exit code {code}: {said or 'it said nothing'}"


def _exists(container: str) -> bool:
    return bool(docker("ps", "--all", "--quiet", f"--filter=name=^{container}$").strip())


def remove(container: str) -> None:
    if _exists(container):
        warned("rm", "--force", container)


def stop(container: str) -> None:
    if _exists(container):
        warned("stop", container)


def warned(*arguments: str) -> None:
    """Ask the engine; where it refuses, say so and go on."""
    try:
        docker(*arguments)
    except EngineError as error:
        warn(error)


def warn(error: Exception) -> None:
    print(f"deploy.release: warning: {error}", file=sys.stderr)  # noqa: T201 - a command says why


def free_port() -> int:
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
