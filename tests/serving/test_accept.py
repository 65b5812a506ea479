"""Whoever connects to a busy worker does not wait behind all who connected before."""

import asyncio
import os
import socket
import subprocess
import sys

import pytest
import uvicorn

from serving import accept
from tests.conftest import ROOT

CONNECTIONS = 64
pytest.importorskip("uvloop")

# Every turn of the loop is slow, as if it had a batch in it. How many turns does it take until all
# who connected before the first one are answered?
BUSY = f"""
import asyncio, socket, sys, time
import uvicorn
from serving import accept

if sys.argv[1] == "wide":
    accept.several_at_once()
turns, answered = 0, 0
listening = socket.create_server(("127.0.0.1", 0), backlog=128)
clients = [socket.create_connection(listening.getsockname()) for _ in range({CONNECTIONS})]
for client in clients:
    client.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")

def turn(loop):
    global turns
    turns += 1
    time.sleep(0.002)
    loop.call_soon(turn, loop)

async def app(scope, receive, send):
    global answered
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body"}})
    answered += 1
    if answered == {CONNECTIONS}:
        print(turns)
        server.should_exit = True
        for client in clients:
            client.close()

async def main():
    turn(asyncio.get_running_loop())
    await server._serve([listening])

server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
import uvloop
uvloop.run(main())
"""


def turns(how):
    done = subprocess.run(
        [sys.executable, "-c", BUSY, how], cwd=ROOT, check=True, capture_output=True, timeout=60
    )
    return int(done.stdout)


def test_several_connections_are_taken_in_one_turn():
    assert turns("wide") < CONNECTIONS / 2 < turns("plain")


def test_it_is_done_once_however_often_it_is_asked_for():
    accept.several_at_once()
    startup = uvicorn.Server.startup
    accept.several_at_once()

    assert uvicorn.Server.startup is startup


def test_without_sockets_of_its_own_a_server_starts_as_ever():
    accept.several_at_once()

    async def serve():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = uvicorn.Config(lambda *_: None, port=port, lifespan="off", log_level="warning")
        server = uvicorn.Server(config)
        config.load()
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        await server.shutdown()
        return server.started

    assert asyncio.run(serve())


def test_who_joins_others_on_a_socket_does_not_make_theirs_block():
    """A worker that starts has a handle of the same socket as those that serve already."""
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        theirs.setblocking(False)
        with socket.socket(fileno=os.dup(theirs.fileno())) as mine, accept._another(mine) as more:
            assert not os.get_blocking(theirs.fileno())
            assert more.getsockname() == theirs.getsockname()
