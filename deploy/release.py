"""`python -m deploy.release IMAGE`: put another image in place without losing a request.

Start the new one beside the old one, smoke-test it, point nginx to it, smoke-test that, drain the
old one and keep it, stopped. Whatever fails, the old one goes on serving.
`--rollback` does the same with the one that was kept.
Exit code 0: the new one serves; 1: it does not, and what did goes on; 2: wrong arguments.
"""

import argparse
import fcntl
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy import hardening
from deploy.engine import EngineError, docker, inspect
from deploy.proxy import Proxy

LIVE, PREVIOUS = "live", "previous"
LOOK_S = 0.3
# What the proxy sent before it was switched has nowhere else to go: it is answered, not refused.
DRAIN = ("--env=TABENTO_DRAIN=answer",)
ROOT = Path(__file__).parent.parent


class ReleaseError(Exception):
    """The new one does not serve; the text says why. What served before still does."""


@dataclass(frozen=True)
class Place:
    """Where releases are put: a folder that remembers which container is live, behind a proxy."""

    folder: Path
    proxy: Proxy
    expect: Path | None = None
    deadline: float = 60
    grace: int = 30

    def container(self, role: str) -> str | None:
        """The name of the container that is `live` or `previous`."""
        file = self.folder / role
        return file.read_text().strip() if file.exists() else None

    def remember(self, role: str, container: str | None) -> None:
        file = self.folder / role
        if container is None:
            file.unlink(missing_ok=True)
            return
        new = file.with_suffix(".new")
        new.write_text(container + "\n")
        new.replace(file)

    def smoke(self, address: str, container: str) -> None:
        """Ask as `python -m clients.smoke` does, for as long as the container runs.

        Raises:
            ReleaseError: it is not what was meant, or ended.
        """
        command = [sys.executable, "-m", "clients.smoke", f"http://{address}"]
        command += ["--deadline", str(self.deadline)]
        command += ["--expect", str(self.expect)] if self.expect else []
        with subprocess.Popen(  # noqa: S603 - our own
            command, cwd=ROOT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as asking:
            try:
                while asking.poll() is None:
                    if not inspect(container)["State"]["Running"]:
                        raise ReleaseError(_last_words(container))
                    time.sleep(LOOK_S)
            finally:
                asking.kill()
            _, said = asking.communicate()
        if asking.returncode:
            raise ReleaseError(said.strip())


def release(place: Place, image: str, options: Sequence[str] = ()) -> str:
    """Start `image` and put it in place; the name of its container.

    Raises:
        ReleaseError: it is not good; its container is gone, the old one serves.
        EngineError: the engine refused; the same.
    """
    new = f"tabento-{secrets.token_hex(4)}"
    # A port of its own: one that the engine draws would be another one after a reboot.
    publish = f"--publish=127.0.0.1:{_free_port()}:3000"
    stop = f"--stop-timeout={place.grace}"
    docker("create", "--name", new, publish, stop, *DRAIN, *hardening.RUN, *options, image)
    try:
        _put_in_place(place, new)
    except (EngineError, ReleaseError):
        with suppress(EngineError):
            docker("rm", "--force", new)
        raise
    return new


def roll_back(place: Place) -> str:
    """Put the previous container in place again; its name.

    Raises:
        ReleaseError: there is none, or it is not good any more; what is live goes on.
        EngineError: the engine refused; the same.
    """
    previous = place.container(PREVIOUS)
    if previous is None:
        msg = "there is no previous release to go back to"
        raise ReleaseError(msg)
    try:
        _put_in_place(place, previous)
    except (EngineError, ReleaseError):
        with suppress(EngineError):
            docker("stop", previous)
        raise
    return previous


def _put_in_place(place: Place, new: str) -> None:
    """Start, smoke, switch, smoke again, drain the old one."""
    docker("start", new)
    place.smoke(_address(new), new)
    old = place.container(LIVE)
    # Asked now: an engine that fails later could not say it any more.
    before = _serving(old)
    place.proxy.switch(_address(new))
    try:
        place.smoke(place.proxy.listen, new)
    except (EngineError, ReleaseError):
        if before is not None:
            place.proxy.switch(before)
            # nginx takes its time to switch: what still comes to the new one is answered as well.
            _warned("stop", new)
        raise
    place.remember(LIVE, new)
    forgotten = place.container(PREVIOUS)
    place.remember(PREVIOUS, old)
    # From here on the new one is what serves: nothing that fails may take it away again.
    _warned("update", "--restart=unless-stopped", new)
    if old is not None:
        _warned("update", "--restart=no", old)
        _warned("stop", f"--time={place.grace}", old)
    if forgotten not in {None, new, old}:
        with suppress(EngineError):
            docker("rm", "--force", str(forgotten))


def _warned(*arguments: str) -> None:
    """Ask the engine; where it refuses, say so and go on."""
    try:
        docker(*arguments)
    except EngineError as error:
        print(f"deploy.release: warning: {error}", file=sys.stderr)  # noqa: T201 - a command says why


def _serving(container: str | None) -> str | None:
    """Where it is published, if it is there and runs."""
    with suppress(EngineError, ReleaseError):
        return _address(container) if container else None
    return None


def _address(container: str) -> str:
    """Where the engine published it, once it runs."""
    ports = inspect(container)["NetworkSettings"]["Ports"]
    try:
        (at,) = ports["3000/tcp"]
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseError(_last_words(container)) from error
    return f"{at['HostIp']}:{at['HostPort']}"


def _last_words(container: str) -> str:
    """Why it does not run, as far as it said so itself."""
    code = inspect(container)["State"]["ExitCode"]
    command = ["docker", "logs", "--tail=5", container]
    said = subprocess.run(  # noqa: S603 - our own
        command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ).stdout.strip()
    return f"{container} ended with exit code {code}: {said or 'it said nothing'}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One release at a time: a second one is refused, not queued."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"another release is under way in {folder}"
            raise ReleaseError(msg) from error
        yield


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("image", nargs="?", help="the image to release")
    what.add_argument("--rollback", action="store_true", help="go back to the previous one")
    parser.add_argument("--folder", type=Path, required=True, help="remembers what is live")
    parser.add_argument("--listen", default="127.0.0.1:8080", help="where nginx listens")
    parser.add_argument("--expect", type=Path, help="what clients.smoke --record wrote")
    parser.add_argument("--deadline", type=float, default=60, help="seconds to get ready (60)")
    parser.add_argument("--grace", type=int, default=30, help="seconds to drain (30)")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for the container")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the module says."""
    asked = _arguments(arguments)
    folder = asked.folder.resolve()
    expect = asked.expect.resolve() if asked.expect else None
    place = Place(folder, Proxy(folder, asked.listen), expect, asked.deadline, asked.grace)
    try:
        with _alone(folder):
            options = [f"--env={each}" for each in asked.env]
            now = roll_back(place) if asked.rollback else release(place, asked.image, options)
    except (EngineError, ReleaseError) as error:
        print(f"deploy.release: not released: {error}", file=sys.stderr)  # noqa: T201 - a command says why
        return 1
    print(f"{now} serves at {asked.listen}")  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
