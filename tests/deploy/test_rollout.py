"""A rolling update as Kubernetes does it, with real servers: no request is lost on the way.

What stands for the cluster is a proxy that knows only connections, as kube-proxy does: it picks a
server when a client connects and never looks into what is said. That is the hard case: a proxy that
knows HTTP asks another server.
"""

import asyncio
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.conftest import free_port, serving

pytestmark = pytest.mark.slow

BODY = {"rows": [{"text": "good"}]}
# As in deploy/kubernetes, but shorter: seconds until the server's address is gone everywhere, and
# until SIGTERM, both from when it was told to go.
FORGOTTEN_AFTER, PRESTOP = 0.5, 1.5


class Endpoints:
    """The addresses behind a Service, and a proxy by connection before them."""

    def __init__(self, *ports):
        self.ports, self.turn, self.port = list(ports), 0, free_port()

    async def _connected(self, reader, writer):
        self.turn += 1
        port = self.ports[self.turn % len(self.ports)]
        try:
            there = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_pour(reader, there[1]), _pour(there[0], writer))
        except OSError:
            writer.close()

    async def _listen(self, ready, stop):
        async with await asyncio.start_server(self._connected, "127.0.0.1", self.port):
            ready.set()
            await stop.wait()

    @contextmanager
    def listening(self):
        loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
        thread = threading.Thread(target=lambda: loop.run_until_complete(self._listen(ready, stop)))
        thread.start()
        ready.wait(10)
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join(10)
            loop.close()


async def _pour(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def ask(url, until, *, keep):
    """Ask again and again, over one connection that is kept or one a request; what was answered."""
    answers = []
    with httpx.Client(base_url=url, timeout=30) as client:
        headers = {} if keep else {"Connection": "close"}
        while not until.is_set():
            answer = client.post("/sentiment/predict", json=BODY, headers=headers)
            answers.append(answer.status_code)
            time.sleep(0.005)
    return answers


def test_no_request_is_lost_while_one_server_takes_the_place_of_another(home, tmp_path):
    until = threading.Event()
    with (
        serving(home, _folder(tmp_path, "old"), TABENTO_DRAIN="answer", TABENTO_DRAIN_S="2") as old,
        serving(home, _folder(tmp_path, "new")) as new,
        ThreadPoolExecutor() as pool,
    ):
        old.ready()
        endpoints = Endpoints(_port(old))
        with endpoints.listening() as url:
            new.ready()
            clients = [pool.submit(ask, url, until, keep=each % 2 == 0) for each in range(8)]
            time.sleep(0.5)
            endpoints.ports.append(_port(new))
            time.sleep(1)
            _terminate(old, endpoints)
            time.sleep(1)
            until.set()
            answers = [answer for client in clients for answer in client.result()]

        assert old.process.returncode == 0
        assert len(answers) > 100
        assert set(answers) == {200}


def _terminate(server, endpoints):
    """What happens to a pod that is deleted."""
    time.sleep(FORGOTTEN_AFTER)
    endpoints.ports.remove(_port(server))
    time.sleep(PRESTOP - FORGOTTEN_AFTER)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(30)


def _port(server):
    return int(server.url.rpartition(":")[2])


def _folder(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    return folder
