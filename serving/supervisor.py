"""How a worker that must not serve ends the whole service, instead of being started again for ever.

BentoML's supervisor starts a worker that ended anew. A worker whose model can not be trusted would
then end and be started for ever, so it tells its supervisor to stop, and to say so in its exit
code.
"""

import atexit
import os
import signal
import sys
from types import FrameType

_SUPERVISOR = "_TABENTO_SUPERVISOR_PID"


def enlist() -> None:
    """Make this process the supervisor that `refuse` tells; its workers inherit the name."""
    os.environ[_SUPERVISOR] = str(os.getpid())
    signal.signal(signal.SIGUSR1, _stop_with_failure)


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
