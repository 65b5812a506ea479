"""How a worker stops: it says so, answers a little longer, and then ends.

A load balancer learns from `/readyz` that it should send no more, and needs a moment for it.
Meanwhile what is in flight is finished. What comes all the same is sent elsewhere, or answered
where that is wanted, and every answer closes its connection: a client that keeps one open asks
elsewhere the next time.
"""

import asyncio
import os
import signal
import threading
from types import FrameType
from typing import Any

import structlog

from serving.bundle import Bundle

log = structlog.get_logger()


def drain_on_sigterm(bundle: Bundle, seconds: float) -> None:
    """Put the drain before what the server does at SIGTERM. Call it in the server's event loop."""
    stop: Any = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(stop):
        return
    loop = asyncio.get_running_loop()

    def drain(signum: int, frame: FrameType | None) -> None:
        # A second signal, or one before there is anything to finish, stops at once.
        at_once = bundle.draining or not bundle.served
        bundle.draining = True
        if at_once:
            stop(signum, frame)
            return
        log.info("draining", pid=os.getpid(), seconds=seconds, models=bundle.hashes)
        loop.call_soon_threadsafe(loop.call_later, seconds, stop, signum, frame)

    signal.signal(signal.SIGTERM, drain)
