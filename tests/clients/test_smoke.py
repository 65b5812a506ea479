"""The smoke test passes what was meant, and nothing else."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from clients.smoke import main
from tests.conftest import serving

pytestmark = pytest.mark.slow

KEY = "a key of the smoke test"


@pytest.fixture(scope="module")
def keyed(home, tmp_path_factory):
    """The address of a service that wants a key for all but its probes."""
    folder = tmp_path_factory.mktemp("keyed")
    file = folder / "keys.toml"
    file.write_text(f"[smoke]\nsha256 = '{hashlib.sha256(KEY.encode()).hexdigest()}'\n")
    settings = {"TABENTO_API_KEYS_FILE": str(file), "TABENTO_PROTECT": "all"}
    with serving(home, folder, **settings) as running:
        yield running.ready().url


@pytest.fixture
def recorded(server, tmp_path):
    file = tmp_path / "expect.json"
    assert main([server, "--record", str(file)]) == 0
    return file


def test_what_was_recorded_is_expected_again(server, recorded, capsys):
    assert main([server, "--expect", str(recorded)]) == 0
    assert "good: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("field", "value"),
    [("tag", "sentiment:other"), ("sha256", "0" * 64), ("predictions", [])],
)
def test_what_differs_from_what_is_expected_fails(server, recorded, capsys, field, value):
    expected = json.loads(recorded.read_text())
    expected["models"]["sentiment"][field] = value
    recorded.write_text(json.dumps(expected))

    assert main([server, "--expect", str(recorded), "--retry", "0"]) == 1
    assert "sentiment" in capsys.readouterr().err


def test_where_nothing_listens_it_fails_within_its_deadline(capsys):
    assert main(["127.0.0.1:9", "--deadline", "0.3"]) == 1
    assert "not ready" in capsys.readouterr().err


def test_a_service_that_is_only_ready_fails(capsys):
    class Ready(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        assert main([f"127.0.0.1:{other.server_port}", "--retry", "0"]) == 1
        other.shutdown()
    assert "/models" in capsys.readouterr().err


def test_a_file_that_is_no_expectation_is_refused(server, tmp_path, capsys):
    file = tmp_path / "expect.json"
    file.write_text("{}")

    assert main([server, "--expect", str(file)]) == 2
    assert "--record" in capsys.readouterr().err


def test_a_service_with_keys_is_asked_with_the_one_of_the_environment(keyed, monkeypatch, capsys):
    monkeypatch.setenv("TABENTO_SMOKE_KEY", f"{KEY}\n")

    assert main([keyed, "--retry", "0"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("key", ["", "another"])
def test_a_service_with_keys_fails_without_one_that_it_knows_and_no_key_is_shown(
    keyed, monkeypatch, capsys, key
):
    monkeypatch.setenv("TABENTO_SMOKE_KEY", key)

    assert main([keyed, "--retry", "0"]) == 1
    said = capsys.readouterr().err
    assert "401" in said
    assert not key or key not in said
