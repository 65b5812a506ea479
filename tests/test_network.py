"""Between client and server the network loses and delays: to ask again is safe, nothing stays."""

import socket
import threading
import time
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import httpx
import pytest

from tests.test_process import until

pytestmark = pytest.mark.slow

PATH, BODY = "/sentiment/predict", {"rows": [{"text": "good"}, {"text": "bad"}]}


class Network:
    """A way to the server that breaks connections after some bytes; `cuts` are of the next ones.

    A cut is a direction, "there" or "back", and after how many bytes; after the last one all is
    well again.
    """

    def __init__(self, url, cuts, delay=0.0):
        self._to = urlsplit(url)
        self._cuts, self._delay = list(cuts), delay
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.connections = 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        # Closing alone would leave `accept` waiting.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self):
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self.connections += 1
                far = socket.create_connection((self._to.hostname, self._to.port))
                way, most = self._cuts.pop(0) if self._cuts else ("there", None)
                for direction, pair in (("there", (near, far)), ("back", (far, near))):
                    cut = most if direction == way else None
                    threading.Thread(target=self._carry, args=(*pair, cut), daemon=True).start()

    def _carry(self, source, target, most):
        carried = 0
        with suppress(OSError):
            while most is None or carried < most:
                data = source.recv(2**16 if most is None else most - carried)
                if not data:
                    break
                time.sleep(self._delay)
                target.sendall(data)
                carried += len(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def ask(url, path=PATH, body=BODY, tries=5):
    """As a client does that asks again when it had no answer, under the same request id."""
    for _ in range(tries):
        with suppress(httpx.TransportError), httpx.Client(base_url=url, timeout=10) as http:
            return http.post(path, json=body, headers={"X-Request-ID": "the-same"})
    pytest.fail("it was never answered")


@contextmanager
def nothing_stays(server):
    yield
    until(lambda: in_flight(server) == 0)


def in_flight(server):
    text = httpx.get(f"{server}/metrics").text
    lines = [line for line in text.splitlines() if line.startswith("tabento_requests_in_flight{")]
    return sum(float(line.split()[-1]) for line in lines)


@pytest.mark.parametrize("way", ["there", "back"])
def test_however_often_it_is_cut_off_the_same_request_has_the_same_answer(server, way):
    right = ask(server)
    cuts = [(way, most) for most in (1, 40, 150, 250)]
    with nothing_stays(server), Network(server, cuts) as network:
        answer = ask(network.url)
        assert network.connections > 1

    assert answer.status_code == right.status_code == 200
    assert answer.content == right.content


def test_a_slow_way_changes_no_answer(server):
    with nothing_stays(server), Network(server, [], delay=0.2) as network:
        assert ask(network.url).content == ask(server).content


def test_a_server_behind_a_broken_way_answers_others(server):
    with nothing_stays(server), Network(server, [("there", 100)] * 50) as network:
        for _ in range(50):
            with suppress(httpx.TransportError):
                httpx.post(network.url + PATH, json=BODY)
        assert network.connections == 50
        assert ask(server).status_code == 200
