"""A service that was started by hand tells nobody."""

import pytest

from tests.conftest import serving

# Put into every process: writes down and refuses each connection to another machine.
WATCH = """
import sys

def watch(event, given):
    if event == "socket.getaddrinfo" and given[0] not in ("127.0.0.1", "localhost"):
        sys.stderr.write(f"asked for {given[0]}\\n")
        sys.stderr.flush()
        raise OSError("there is no network here")

sys.addaudithook(watch)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("chosen", "told"), [(None, False), ("False", True)])
def test_only_who_asks_for_it_has_the_usage_reported(home, tmp_path, monkeypatch, chosen, told):
    """With the report on the test sees it: so its absence means something."""
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    monkeypatch.delenv("BENTOML_DO_NOT_TRACK")
    if chosen:
        monkeypatch.setenv("BENTOML_DO_NOT_TRACK", chosen)
    with serving(home, tmp_path, PYTHONPATH=str(tmp_path)) as running:
        running.ready()

    assert ("asked for t.bentoml.com" in running.log.read_text()) is told
