"""`python -m deploy.release IMAGE`: put another image in place without losing a request.

Start the new one beside the old one, smoke-test it, point nginx to it, smoke-test that, drain the
old one and keep it, stopped. Whatever fails, the old one goes on serving.
`--rollback` does the same with the one that was kept; `--resume` is for after a reboot.
Killed in the middle, the next run first takes back what was begun, or ends what was decided.
Exit code 0: the new one serves; 1: it does not, and what did goes on; 2: wrong arguments.
"""

import argparse
import fcntl
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from deploy import container, hardening
from deploy.container import ReleaseError
from deploy.engine import EngineError, docker, inspect
from deploy.place import LIVE, PREVIOUS, Place, Step
from deploy.proxy import Proxy

LOOK_S = 0.3
# What the proxy sent before it was switched has nowhere else to go: it is answered, not refused.
DRAIN = ("--env=TABENTO_DRAIN=answer",)
# Docker's usual one lets a container's log grow until the disk is full; this one keeps the newest.
LOG = ("--log-driver=local",)
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
ROOT = Path(__file__).parent.parent


def release(place: Place, image: str, options: Sequence[str] = ()) -> str:
    """Start `image` and put it in place; the name of its container.

    Raises:
        ReleaseError: it is not good; its container is gone, the old one serves.
        EngineError: the engine refused; the same.
        OSError: the folder can not be written to; the same.
    """
    new = f"tabento-{secrets.token_hex(4)}"
    # A port of its own: one that the engine draws would be another one after a reboot.
    publish = f"--publish=127.0.0.1:{container.free_port()}:3000"
    own = [publish, f"--stop-timeout={place.grace}", *LOG, *DRAIN, *hardening.RUN, *options]
    _put_in_place(place, new, lambda: docker("create", "--name", new, *own, image))
    return new


def roll_back(place: Place) -> str:
    """Put the previous container in place again; its name.

    Raises:
        ReleaseError: there is none, or it is not good any more; what is live goes on.
        EngineError: the engine refused; the same.
        OSError: the folder can not be written to; the same.
    """
    previous = place.container(PREVIOUS)
    if previous is None:
        msg = "there is no previous release to go back to"
        raise ReleaseError(msg)
    _put_in_place(place, previous, lambda: previous)
    return previous


def resume(place: Place) -> str:
    """After a reboot: nginx sends requests to what was live, which is started; its name.

    Raises:
        ReleaseError: nothing was released here, or it does not run.
        EngineError: the engine or nginx refused.
    """
    live = place.container(LIVE)
    if live is None:
        msg = "nothing was released here"
        raise ReleaseError(msg)
    docker("start", live)
    place.proxy.switch(container.address(live))
    return live


def _put_in_place(place: Place, new: str, create: Callable[[], str]) -> None:
    """Start, smoke, switch, smoke again, drain the old one; or take all of it back."""
    old = place.container(LIVE)
    # Asked now: an engine that fails later could not say it any more.
    place.begin(Step(new, old, container.serving(old), place.container(PREVIOUS)))
    try:
        place.propose(new)
        create()
        docker("start", new)
        _smoke(place, container.address(new), new)
        place.proxy.switch(container.address(new))
        _smoke(place, place.proxy.listen, new)
        # From here on the new one is what serves: nothing that fails may take it away again.
        _hear(signal.SIG_IGN)
        place.decide()
    finally:
        # To go back, or to end, is not stopped half-way.
        _hear(signal.SIG_IGN)
        try:
            settle(place)
        except (EngineError, OSError) as error:
            container.warn(error)


def settle(place: Place) -> None:
    """Bring what was begun to its end: forwards when it was decided, else back.

    Raises:
        EngineError: the engine or nginx refused; the next run tries again.
        OSError: the folder can not be written to; the same.
    """
    step = place.under_way()
    if step is None:
        return
    if place.container(LIVE) == step.new:
        _finish(place, step)
    else:
        _take_back(place, step)
    place.end()


def _finish(place: Place, step: Step) -> None:
    """The new one serves: drain the old one and keep it, instead of the one that was kept."""
    place.keep(step.old)
    container.warned("update", "--restart=unless-stopped", step.new)
    if step.old is not None:
        container.warned("update", "--restart=no", step.old)
        container.warned("stop", f"--time={place.grace}", step.old)
    if step.forgotten not in {None, step.new, step.old}:
        container.remove(str(step.forgotten))


def _take_back(place: Place, step: Step) -> None:
    """The old one gets the requests again; the new one goes, unless it is the one that is kept."""
    if step.before is not None and place.proxy.point(step.before):
        # nginx takes its time to switch: what still comes to the new one is answered as well.
        container.stop(step.new)
    if step.new == place.container(PREVIOUS):
        container.stop(step.new)
    else:
        container.remove(step.new)


def _smoke(place: Place, address: str, name: str) -> None:
    """Ask as `python -m clients.smoke` does, for as long as the container runs.

    Raises:
        ReleaseError: it is not what was meant, or ended.
    """
    command = [sys.executable, "-m", "clients.smoke", f"http://{address}"]
    command += ["--deadline", str(place.deadline)]
    command += ["--expect", str(place.expect)] if place.expect else []
    with subprocess.Popen(  # noqa: S603 - our own
        command, cwd=ROOT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as asking:
        try:
            while asking.poll() is None:
                if not inspect(name)["State"]["Running"]:
                    raise ReleaseError(container.last_words(name))
                time.sleep(LOOK_S)
        finally:
            asking.kill()
        _, said = asking.communicate()
    if asking.returncode:
        raise ReleaseError(said.strip())


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


def _hear(then: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for each in SIGNALS:
        signal.signal(each, then)


def _told_to_stop(signum: int, _frame: FrameType | None) -> None:
    msg = f"told to stop by {signal.Signals(signum).name}"
    raise KeyboardInterrupt(msg)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("image", nargs="?", help="the image to release")
    what.add_argument("--rollback", action="store_true", help="go back to the previous one")
    what.add_argument("--resume", action="store_true", help="start nginx and what was live")
    parser.add_argument("--folder", type=Path, required=True, help="remembers what is live")
    parser.add_argument("--listen", default="127.0.0.1:8080", help="where nginx listens")
    parser.add_argument("--expect", type=Path, help="what clients.smoke --record wrote")
    parser.add_argument("--deadline", type=float, default=60, help="seconds to get ready (60)")
    parser.add_argument("--grace", type=int, default=30, help="seconds to drain (30)")
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE for the container")
    parser.add_argument(
        "--docker",
        action="append",
        default=[],
        help="option of docker create: --docker=--memory=1g",
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do as the module says."""
    asked = _arguments(arguments)
    folder = asked.folder.resolve()
    expect = asked.expect.resolve() if asked.expect else None
    place = Place(folder, Proxy(folder, asked.listen), expect, asked.deadline, asked.grace)
    options = [*(f"--env={each}" for each in asked.env), *asked.docker]
    _hear(_told_to_stop)
    try:
        with _alone(folder):
            settle(place)
            if asked.resume:
                now = resume(place)
            else:
                now = roll_back(place) if asked.rollback else release(place, asked.image, options)
    except (EngineError, ReleaseError, OSError, KeyboardInterrupt) as error:
        print(f"deploy.release: not released: {error}", file=sys.stderr)  # noqa: T201 - a command says why
        return 1
    print(f"{now} serves at {asked.listen}")  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    sys.exit(main())
