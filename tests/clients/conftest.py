import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from clients import contracts
from models._contract import Policy


class Stub(ThreadingHTTPServer):
    """A service on this machine that answers as it is told, and says what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), StubHandler)
        self.asked = []
        self.connections = set()
        self.answer = right_answer

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class StubHandler(BaseHTTPRequestHandler):
    server: Stub
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, json.loads(body)["rows"]))
        self.server.connections.add(self.client_address)
        status, content = self.server.answer(*self.server.asked[-1])
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


def prediction(contract, row):
    """A prediction that depends on the row alone, as those of a real model."""
    import numpy as np

    share = len(json.dumps(row)) % 100 / 100
    parsed = [contract.ROW.model_validate_json(json.dumps(row))]
    (made,) = contract.predictions(parsed, np.array([[1 - share, share]]), Policy())
    return made.model_dump(mode="json")


def right_answer(path, rows):
    name = path.split("/")[1]
    contract = contracts.find(name)
    predictions = [prediction(contract, row) for row in rows]
    return 200, body(name, predictions)


def body(name, predictions, version="v1"):
    return json.dumps(
        {"model": name, "version": version, "request_id": "r", "predictions": predictions}
    ).encode()


@pytest.fixture
def stub():
    with Stub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=contracts.names())
def contract(request):
    return contracts.find(request.param)
