"""What BentoML's supervisor, which is circus, is told beyond what it does by itself.

It starts a worker that ended anew. A worker whose model can not be trusted would then end and be
started for ever, so it tells its supervisor to stop, and to say so in its exit code. It looks for
workers that ended every ten seconds only, which BentoML gives no way to change: here it looks when
the system says that one did. It forgets whoever tells it to stop while it starts a worker. And it
runs whatever anybody on the machine tells it to.
"""

import atexit
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

import psutil
from circus.arbiter import Arbiter
from circus.controller import Controller
from circus.exc import ConflictError
from circus.sighandler import SysHandler

from serving import door

_SUPERVISOR = "_TABENTO_SUPERVISOR_PID"
# One that ends as soon as it starts is not to keep a whole core busy with its starts.
_PAUSE_S = 1.0
_AGAIN_S = 0.05


def enlist() -> None:
    """Make this process the supervisor that `refuse` tells; its workers inherit the name."""
    os.environ[_SUPERVISOR] = str(os.getpid())
    door.hang()
    _take_no_orders()
    signal.signal(signal.SIGUSR1, _stop_with_failure)
    # Circus would end all workers and start new ones. They can do better: see `serving.renewal`.
    kept = [each for each in SysHandler.SIGNALS if each != signal.SIGHUP]
    signal.signal(signal.SIGHUP, _pass_on)
    # It calls the method that is named as the signal is; Linux has two names for this one.
    SysHandler.SIGNALS = [*kept, signal.SIGCHLD]
    SysHandler.handle_chld = SysHandler.handle_cld = _replace_soon
    SysHandler.quit = _stop_when_free


def _take_no_orders() -> None:
    """Open no port to be told by what to do: nobody asks for it.

    Circus opens two on 127.0.0.1. To whoever reaches them, which is each user of the machine and
    each container of a pod, it gives account, and runs any program that is named to it. These ends
    are reached from within the process only. The plugin of `bentoml serve --reload` needs a port.
    """
    if "--reload" not in sys.argv:
        Controller.endpoint = property(lambda _: "inproc://orders", _forget)
        Arbiter.pubsub_endpoint = property(lambda _: "inproc://events", _forget)


def _forget(_owner: object, _endpoint: str) -> None:
    """Take no notice of where BentoML wants it."""


def _replace_soon(handler: SysHandler) -> None:
    """Have circus look for workers that ended, outside the signal's handler."""
    loop, arbiter = handler.controller.loop, handler.controller.arbiter

    def look() -> None:
        try:
            arbiter.manage_watchers()
        except ConflictError:  # Busy with something else.
            loop.call_later(_PAUSE_S, look)

    loop.add_callback_from_signal(loop.call_later, _PAUSE_S, look)


def _stop_when_free(handler: SysHandler) -> None:
    """Stop as soon as circus has done what it is about."""
    loop, arbiter = handler.controller.loop, handler.controller.arbiter

    def stop() -> None:
        try:
            arbiter.stop()
        except ConflictError:
            loop.call_later(_AGAIN_S, stop)
        else:
            # The workers have them too. Who connects when these are gone is to be refused, and not
            # to wait here for nobody.
            arbiter.sockets.close_all()

    loop.add_callback_from_signal(stop)


def _pass_on(signum: int, _frame: FrameType | None) -> None:
    """Tell the workers; one that is still being started takes the newest as it is, or would die."""
    for worker in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, OSError):
            if _catches(worker.pid, signum):
                worker.send_signal(signum)


def _catches(pid: int, signum: int) -> bool:
    """Whether a process has a handler for a signal: one that has none ends at it.

    Only Linux tells; elsewhere a worker is taken to have one.
    """
    if not Path("/proc/self/status").exists():
        return True
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signum - 1) & 1)


def end_as_orphan() -> None:
    """End this worker where its supervisor was killed: nobody could stop or replace it any more."""
    if _SUPERVISOR in os.environ and os.environ[_SUPERVISOR] != str(os.getppid()):
        sys.stderr.write("tabento: the supervisor is gone, so this worker ends\n")
        os.kill(os.getpid(), signal.SIGTERM)


def renew_all() -> None:
    """Tell every worker to look for newer models; without a supervisor there is but this one."""
    if os.environ.get(_SUPERVISOR) == str(os.getppid()):
        os.kill(os.getppid(), signal.SIGHUP)


def _stop_with_failure(_signum: int, _frame: FrameType | None) -> None:
    atexit.register(os._exit, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def refuse(reason: str) -> None:
    """Say why, then end the service: by way of the supervisor where there is one."""
    sys.stdout.flush()
    sys.stderr.write(f"tabento: {reason}\n")
    sys.stderr.flush()
    parent = os.getppid()
    if os.environ.get(_SUPERVISOR) == str(parent):
        os.kill(parent, signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGTERM)
