"""A peer is started and stopped, and its end in the middle is told from slowness."""

import os

import psutil
import pytest

from benchmarks.peer import Peer
from benchmarks.server import Server, StartError
from benchmarks.workload import MAIN

# Answers every question with an error of its own, which is an answer.
PEER = Peer(
    name="test_server",
    title="any",
    about="any",
    command=("python", "-m", "http.server", "{port}", "--bind", "127.0.0.1"),
    folder=None,
    library="any",
)


@pytest.fixture
def server():
    with Server(PEER, 1, {}, lambda each: bool(each.ask(MAIN, b"{}"))) as server:
        yield server


def test_a_peer_that_ends_while_it_is_measured_is_out_and_not_slow(server):
    server.require_running()
    # Other tests of this process may have left theirs to be buried.
    alive = [each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE]
    (child,) = [each for each in alive if PEER.command[2] in each.cmdline()]
    child.kill()
    # Until it has ended, and without taking note of it.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    with pytest.raises(StartError, match="test_server ended with -9 while it was measured"):
        server.require_running()


def test_what_its_processes_use_is_accounted(server):
    assert server.rss_bytes() > 2**20
    assert server.cpu_seconds() > 0
