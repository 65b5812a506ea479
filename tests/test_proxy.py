"""nginx with the configuration of docs/proxy.md, before a real service."""

import re
import shutil
import socket
import subprocess
import time
from urllib.parse import urlsplit

import httpx
import pytest

from models import sentiment
from tests.conftest import ROOT, free_port
from tests.test_process import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed"),
]

PAGE = (ROOT / "docs/proxy.md").read_text()
GOOD = {"rows": [sentiment.EXAMPLE[0].model_dump()]}
FRAME = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {page}
}}
"""


@pytest.fixture(scope="module")
def proxy(server, tmp_path_factory):
    """Its address."""
    folder = tmp_path_factory.mktemp("nginx")
    port = free_port()
    (page,) = re.findall(r"^```nginx\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    page = page.replace("listen 80;", f"listen 127.0.0.1:{port};")
    page = page.replace("server 127.0.0.1:3000;", f"server {urlsplit(server).netloc};")
    (folder / "conf").write_text(FRAME.format(folder=folder, page=page))
    command = ["nginx", "-e", folder / "error.log", "-c", folder / "conf", "-p", folder]
    with subprocess.Popen(command) as nginx:
        until(lambda: nginx.poll() is not None or _listens(port))
        assert nginx.poll() is None, (folder / "error.log").read_text()
        yield f"http://127.0.0.1:{port}"
        nginx.terminate()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_predictions_pass_and_the_clients_own_id_with_them(proxy):
    given = httpx.post(f"{proxy}/sentiment/predict", json=GOOD, headers={"X-Request-ID": "order-1"})
    made = httpx.post(f"{proxy}/sentiment/predict", json=GOOD)

    assert (given.status_code, given.json()["request_id"]) == (200, "order-1")
    assert re.fullmatch("[0-9a-f]{32}", made.json()["request_id"])


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/docs.json", "/"])
def test_what_is_asked_from_inside_does_not_pass(proxy, path):
    assert httpx.get(proxy + path).status_code == 404


def test_models_can_be_asked_about_and_too_large_a_body_does_not_pass(proxy):
    assert httpx.get(f"{proxy}/models").status_code == 200
    assert httpx.post(f"{proxy}/sentiment/predict", content=bytes(9 * 2**20)).status_code == 413


HEAD = b"POST /sentiment/predict HTTP/1.1\r\nHost: x\r\nX-Request-ID: very-slow\r\n"


@pytest.mark.parametrize(
    "sent",
    [HEAD, HEAD + b"Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{"],
    ids=["head", "body"],
)
def test_who_sends_slowly_is_closed_out_and_never_reaches_the_service(proxy, running, sent):
    """Both time-outs are 5 s; the service itself would wait for the body for 10 s."""
    url = urlsplit(proxy)
    with socket.create_connection((url.hostname, url.port), timeout=60) as slow:
        slow.sendall(sent)
        try:
            answer = slow.recv(4_096)
        except ConnectionResetError:
            answer = b""
    # The log is written a little later.
    time.sleep(1)

    assert answer[:12] in (b"", b"HTTP/1.1 408")
    assert "very-slow" not in running.log.read_text()
