"""What is no good HTTP is refused in the one body, and what is good is not lost."""

import asyncio
import json
import logging
import socket
import struct
from contextlib import asynccontextmanager, contextmanager

import pytest
import uvicorn
import uvloop

from serving import protocol
from serving.asgi import respond
from serving.protocol import MOST_BYTES, Protocol
from tests import raw
from tests.conftest import free_port
from tests.test_process import metric, until
from tests.torture import http_law

ENDLESS = b"a" * 2**18
GOOD = raw.post()
UPGRADES = [
    (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"),
]


def head(**long):
    return raw.post(raw.BODY, *[b"X-%b: %b" % (n.encode(), v) for n, v in long.items()])


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\xff\x16\x03\x01 no HTTP\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /livez\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/0.9\r\nHost: x\r\n\r\n",
        b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"FETCH /livez HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /livez HTTP/1.1\nHost: x\n\n",
        raw.post(raw.BODY, b"X-Request-ID: a\x00b"),
    ],
)
def test_what_is_no_http_is_a_400_in_the_one_body_and_ends_the_connection(server, sent):
    answer = raw.ask(server, sent)

    raw.refused(answer, 400, "invalid_request")
    assert answer.closed


@pytest.mark.parametrize(
    "sent",
    [
        head(a=ENDLESS),
        raw.post(raw.BODY, *[b"X: a"] * 20_000),
        raw.post(path=b"/" + ENDLESS),
        b"POST /sentiment/predict HTTP/1.1\r\nX: " + ENDLESS,
        b"POST /" + ENDLESS,
        b"\r\n" * 2**17,
        raw.post(b"", b"Transfer-Encoding: chunked", length=False) + b"1;x=" + ENDLESS,
        raw.post(b"1\r\n{\r\n0\r\nX: ", b"Transfer-Encoding: chunked", length=False) + ENDLESS,
    ],
    ids=["header", "headers", "path", "half head", "half path", "lines", "chunk", "trailer"],
)
def test_what_is_not_body_ends_somewhere(server, sent):
    answer = raw.ask(server, sent)

    # The rest is not read: where the system tells the client so first, the answer is lost.
    assert answer is None or (answer.status_code, answer.closed) == (431, True)
    assert raw.ask(server, GOOD).status_code == 200


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /livez HTTP/9.9\r\n\r\n", 400, "invalid_request"),
        (head(a=b"a" * MOST_BYTES), 431, "head_too_large"),
    ],
)
def test_what_is_refused_before_it_is_a_request_is_counted_and_logged(running, sent, status, code):
    refusals = lambda: metric(running, "tabento_rejections_total", path="other", code=code)  # noqa: E731
    before = refusals()
    request_id = raw.ask(running.url, sent).headers["x-request-id"]

    (line,) = until(lambda: [each for each in lines(running) if request_id in each])
    told = json.loads(line)
    assert (told["event"], told["path"], told["status"]) == ("request", "other", status)
    until(lambda: refusals() > before)  # those of others may come late


def lines(running):
    return running.log.read_text().splitlines()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (raw.post(raw.BODY, b"HOST: another"), 400),
        (raw.post(raw.BODY, b"Host: test"), 400),
        (GOOD.replace(b"Host: test\r\n", b""), 400),
        (GOOD.replace(b"Host: test\r\n", b"").replace(b"HTTP/1.1", b"HTTP/1.0"), 200),
    ],
    ids=["two", "twice the same", "none", "none in HTTP/1.0"],
)
def test_a_request_names_one_host(server, sent, status):
    assert raw.ask(server, sent).status_code == status


def test_a_head_of_the_most_bytes_is_taken(server):
    assert raw.ask(server, head(a=b"a" * (MOST_BYTES - 2_000))).status_code == 200
    raw.refused(raw.ask(server, head(a=b"a" * MOST_BYTES)), 431, "head_too_large")


def test_a_long_body_is_no_long_head(server):
    body = raw.BODY[:-1] + b" " * (4 * MOST_BYTES) + b"}"

    assert raw.ask(server, raw.post(body)).status_code == 200


@pytest.mark.parametrize("fields", UPGRADES, ids=["http2", "websocket"])
def test_an_offer_to_upgrade_is_passed_over_and_the_body_is_read(server, fields):
    with raw.connect(server) as connection:
        for _ in range(3):
            connection.sendall(raw.post(raw.BODY, *fields))
            assert raw.read(connection).json()["predictions"]


@pytest.mark.parametrize("fields", UPGRADES, ids=["http2", "websocket"])
def test_the_same_in_pieces(server, fields):
    sent = raw.post(raw.BODY, *fields)
    with raw.connect(server) as connection:
        for piece in (sent[:30], sent[30:-20], sent[-20:]):
            connection.sendall(piece)
        assert raw.read(connection).json()["predictions"]


@pytest.mark.parametrize(
    "behind",
    [
        b"no HTTP\r\n\r\n",
        raw.post(b"", b"X: a\x00"),
        raw.post(b"nothing\r\n", b"Transfer-Encoding: chunked", length=False),
    ],
    ids=["garbage", "half a head", "half a body"],
)
@pytest.mark.parametrize("before", [1, 2])
def test_what_is_no_http_is_answered_behind_those_that_came_before_it(server, before, behind):
    with raw.connect(server) as connection:
        raw.send(connection, GOOD * before + behind)
        answers = http_law.answers(raw.read_all(connection))

    assert [each.status_code for each in answers] == [200] * before + [400]


class Slow:
    """An app that answers when it is told to, and says what it saw."""

    def __init__(self):
        self.asked, self.go_on, self.ended = (asyncio.Event() for _ in range(3))
        self.paths, self.last = [], None

    async def __call__(self, scope, receive, send):
        self.paths.append(scope["path"])
        while (await receive()).get("more_body"):
            pass
        self.asked.set()
        await self.go_on.wait()
        try:
            await respond(send, 200, b"{}")
            self.last = await receive()
        finally:
            self.ended.set()


@asynccontextmanager
async def serving(app):
    """A server in this loop; in the end it is stopped."""
    config = uvicorn.Config(app, http=Protocol, lifespan="off", port=free_port(), log_config=None)
    server = uvicorn.Server(config)
    ended = asyncio.create_task(server.serve())
    await true(lambda: server.started)
    yield server
    server.should_exit = True
    await ended


async def true(condition):
    while not condition():
        await asyncio.sleep(0.01)


async def left_by_its_client(app, *, reset):
    """Have two requests come at once, and their client leave while the first is at work."""
    async with serving(app) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.config.port)
        await leave(app, writer, reset=reset)
        await true(lambda: not server.server_state.connections)
        app.go_on.set()
        await app.ended.wait()


async def leave(app, writer, *, reset):
    writer.write(raw.post(path=b"/first") + raw.post(path=b"/second"))
    await app.asked.wait()
    if reset:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.close()


@pytest.mark.parametrize("reset", [False, True], ids=["end", "reset"])
def test_the_request_at_work_is_told_that_its_client_left_with_another_behind_it(caplog, reset):
    """Else it would write to a connection that is no more, which is an error with a trace."""
    app = Slow()
    with (
        logs_of("uvicorn.error", caplog),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop,
    ):
        loop.run(left_by_its_client(app, reset=reset))

    assert app.paths == ["/first"]
    assert app.last == {"type": "http.disconnect"}
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_who_connected_before_the_server_ends_is_answered_once(monkeypatch):
    """Its request is on the way. Without any it is not waited for longer than a moment."""
    monkeypatch.setattr(protocol, "FIRST_S", 60)
    app = Slow()
    app.go_on.set()

    async def run():
        async with serving(app) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.config.port)
            await true(lambda: server.server_state.connections)
            server.should_exit = True
            await true(lambda: not server.servers[0].is_serving())
            await asyncio.sleep(0)
            writer.write(raw.post())
            answer = await reader.readuntil(b"{}")
            writer.close()
        return answer

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        assert loop.run(run()).startswith(b"HTTP/1.1 200 OK")


def test_a_server_that_ends_waits_for_no_connection_without_a_request():
    async def run():
        async with serving(Slow()) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.config.port)
            await true(lambda: server.server_state.connections)
        assert await reader.read() == b""
        writer.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(run())


@contextmanager
def logs_of(name, caplog):
    """The service, where it runs in this process as well, keeps them to itself."""
    logger = logging.getLogger(name)
    logger.addHandler(caplog.handler)
    try:
        yield
    finally:
        logger.removeHandler(caplog.handler)
