"""The proxy goes from one server to another, again and again, and no client notices."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from deploy.engine import EngineError
from deploy.proxy import Proxy
from tests.conftest import free_port
from tests.deploy.conftest import nginx_folder
from tests.deploy.watched import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]
CLIENTS, SWITCHES = 16, 120


class Named(BaseHTTPRequestHandler):
    """Answers with the port of its server."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        name = str(self.server.server_port).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(name)))
        self.end_headers()
        self.wfile.write(name)

    def log_message(self, *_):
        pass


@contextmanager
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Named) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{made.server_port}"
        made.shutdown()


@pytest.fixture
def proxy():
    with nginx_folder() as folder:
        proxy = Proxy(folder, f"127.0.0.1:{free_port()}")
        yield proxy
        proxy.stop()


def ask(proxy, over, answers):
    """Ask over one connection that is kept, with pauses in which it is idle."""
    with httpx.Client(base_url=f"http://{proxy.listen}", timeout=30) as client:
        while not over.is_set():
            try:
                answer = client.post("/", json={})
                answers.append((answer.status_code, answer.text))
            except httpx.HTTPError as error:
                answers.append((repr(error), ""))
            time.sleep(0.01)


def test_switched_under_load_it_loses_no_request_of_kept_connections(proxy):
    over = threading.Event()
    answers: list[tuple[Any, str]] = []
    with server() as one, server() as other:
        proxy.switch(one)
        clients = [
            threading.Thread(target=ask, args=(proxy, over, answers)) for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for turn in range(SWITCHES):
            proxy.switch((other, one)[turn % 2])
            time.sleep(0.03)
        over.set()
        for client in clients:
            client.join()

    assert {status for status, _ in answers} == {200}
    assert {f"127.0.0.1:{name}" for _, name in answers} == {one, other}


def test_where_nginx_refuses_it_goes_on_as_before(proxy):
    with server() as one:
        proxy.switch(one)
        with pytest.raises(EngineError, match="nginx"):
            proxy.switch("no such host:port")
        proxy.switch(one)

        assert httpx.post(f"http://{proxy.listen}/", json={}).text == one.rpartition(":")[2]


def answers(proxy, server):
    """Whether it is this one that does: workers of before take what comes for a moment more."""
    return httpx.post(f"http://{proxy.listen}/", json={}).text == server.rpartition(":")[2]


def test_what_clients_are_connected_to_is_never_told_to_listen_elsewhere(proxy):
    elsewhere = replace(proxy, listen=f"127.0.0.1:{free_port()}")
    with server() as one, server() as other:
        proxy.switch(one)
        before = (proxy.folder / "nginx.conf").read_text()
        with pytest.raises(EngineError, match="does not listen"):
            elsewhere.switch(other)

        assert (proxy.folder / "nginx.conf").read_text() == before
        assert httpx.post(f"http://{proxy.listen}/", json={}).text == one.rpartition(":")[2]


def test_what_nginx_was_told_and_did_not_do_is_no_switch(proxy):
    hasty = replace(proxy, patience=0.3)
    with server() as one, server() as other:
        proxy.switch(one)
        master = int((proxy.folder / "switch.pid").read_text())
        os.kill(master, signal.SIGSTOP)
        try:
            with pytest.raises(EngineError, match="as told"):
                hasty.switch(other)
        finally:
            os.kill(master, signal.SIGCONT)
        proxy.switch(one)

        until(lambda: answers(proxy, one))


def test_its_file_alone_does_not_say_where_it_goes(proxy):
    """Somebody was killed after the file was written and before nginx was told."""
    with server() as one, server() as other:
        proxy.switch(one)
        file = proxy.folder / "switch.conf"
        file.write_text(file.read_text().replace(one, other))
        proxy.switch(other)

        until(lambda: answers(proxy, other))


@contextmanager
def stranger():
    """A living process that is no nginx."""
    with subprocess.Popen(["sleep", "600"]) as process:
        try:
            yield process
        finally:
            process.kill()


def after_a_reboot(proxy, pid):
    """Pid files and a socket lie there as before, but the pids are those of somebody else."""
    proxy.stop()
    files = [proxy.folder / "nginx.pid", proxy.folder / "switch.pid"]
    end = time.monotonic() + 30
    while any(file.exists() for file in files):
        assert time.monotonic() < end
        time.sleep(0.05)
    for file in files:
        file.write_text(f"{pid}\n")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(proxy.folder / "switch.sock"))


def test_a_stranger_with_the_pid_of_before_is_neither_trusted_nor_ended(proxy):
    with server() as one, stranger() as somebody:
        proxy.switch(one)
        after_a_reboot(proxy, somebody.pid)
        proxy.stop()
        assert somebody.poll() is None

        proxy.switch(one)
        assert httpx.post(f"http://{proxy.listen}/", json={}).text == one.rpartition(":")[2]
        assert somebody.poll() is None
