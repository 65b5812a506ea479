"""A real service is given newer models while it answers."""

import hashlib
import json
import shutil
import signal
import threading
from contextlib import contextmanager

import httpx
import pytest

from tests.conftest import serving
from tests.store import alter, newer
from tests.test_process import until, workers

pytestmark = pytest.mark.slow

GOOD = {"rows": [{"text": "good"}]}
MAY = {"X-API-Key": "may reload"}
MAY_NOT = {"X-API-Key": "may only predict"}


@pytest.fixture(scope="module")
def two(home, tmp_path_factory):
    """Two workers, and two keys."""
    folder = tmp_path_factory.mktemp("two")
    keys = folder / "keys.toml"
    keys.write_text(
        f"[release]\nsha256 = '{digest(MAY)}'\nreload = true\n"
        f"[client]\nsha256 = '{digest(MAY_NOT)}'\n"
    )
    with serving(home, folder, TABENTO_WORKERS="2", TABENTO_API_KEYS_FILE=str(keys)) as running:
        running.ready()
        all_serve(running, latest(running))
        yield running


def digest(key):
    return hashlib.sha256(key["X-API-Key"].encode()).hexdigest()


def latest(running):
    return (running.home / "models" / "sentiment" / "latest").read_text().strip()


def ask(running):
    """On a connection of its own, so that either worker may answer."""
    return httpx.post(f"{running.url}/sentiment/predict", json=GOOD, headers=MAY, timeout=30)


def version(running):
    try:
        return ask(running).json().get("version")
    except httpx.TransportError:
        return None


def all_serve(running, wanted):
    until(lambda: {version(running) for _ in range(20)} == {wanted}, seconds=90)


@contextmanager
def traffic(running):
    """Somebody asks all the time; gives the answers."""
    answers, enough = [], threading.Event()

    def work():
        while not enough.is_set():
            answers.append(ask(running))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield answers
    finally:
        enough.set()
        thread.join()


def hang_up(running):
    running.process.send_signal(signal.SIGHUP)


def reload(running, headers):
    return httpx.post(f"{running.url}/models/sentiment/reload", headers=headers, timeout=60)


def test_what_comes_while_a_worker_loads_is_served_when_it_has(home, tmp_path):
    """Or it would serve the old one, and its neighbours the newer, for as long as they live."""
    with serving(home, tmp_path) as running:
        until(lambda: _is_alive(running))
        newer(running.home, "sentiment", "second")
        hang_up(running)
        until(lambda: version(running) == "second")


def _is_alive(running):
    try:
        return httpx.get(f"{running.url}/livez").status_code == 200
    except httpx.TransportError:
        return False


def test_at_sighup_every_worker_serves_the_newer_model_and_no_request_fails(two):
    before, family = latest(two), {each.pid for each in workers(two)}
    with traffic(two) as answers:
        until(lambda: answers)
        newer(two.home, "sentiment", "second")
        hang_up(two)
        all_serve(two, "second")
    assert {each.status_code for each in answers} == {200}
    assert {each.json()["version"] for each in answers} == {before, "second"}
    assert {each.pid for each in workers(two)} == family


def test_a_request_over_http_has_all_workers_serve_the_newer_model(two):
    before = latest(two)
    newer(two.home, "sentiment", "third")
    first, again = reload(two, MAY), reload(two, MAY)
    assert first.json() == {
        "model": "sentiment",
        "before": before,
        "version": "third",
        "changed": True,
    }
    assert again.status_code == 200
    all_serve(two, "third")


def test_only_a_key_that_may_can_reload(two):
    assert reload(two, {}).status_code == 401
    refused = reload(two, MAY_NOT)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_a_model_that_can_not_be_trusted_leaves_the_old_one_and_is_told_of(two):
    before = latest(two)
    folder = newer(two.home, "sentiment", "altered")
    with (folder / "model.skops").open("ab") as file:
        file.write(b"one more byte")
    refused = reload(two, MAY)
    hang_up(two)
    until(lambda: b"model_not_replaced" in two.log.read_bytes())
    assert (refused.status_code, refused.json()["code"]) == (409, "not_reloaded")
    assert "model.skops" in refused.json()["error"]
    assert version(two) == before
    assert httpx.get(f"{two.url}/ready").status_code == 200
    (folder.parent / "latest").write_text(before)


def test_without_keys_nobody_reloads_over_http(server):
    refused = httpx.post(f"{server}/models/sentiment/reload")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def empty_facts(folder):
    (folder / "model.yaml").write_text("")


def golden_rows_of_another_contract(folder):
    golden = json.loads((folder / "golden.json").read_text())
    golden["rows"] = [{"words": "good"} for _ in golden["rows"]]
    alter(folder, "golden.json", json.dumps(golden).encode())


def test_it_follows_the_store_and_goes_on_after_models_that_can_not_be_loaded(home, tmp_path):
    with serving(home, tmp_path, TABENTO_RELOAD_S="0.5") as running:
        running.ready()
        before = latest(running)
        for number, spoil in enumerate((empty_facts, golden_rows_of_another_contract), 1):
            folder = newer(running.home, "sentiment", f"wrong{number}")
            spoil(folder)
            until(lambda said=number: running.log.read_text().count("model_not_replaced") >= said)
            assert version(running) == before
            shutil.rmtree(folder)
            (folder.parent / "latest").write_text(before)
        newer(running.home, "sentiment", "followed")
        all_serve(running, "followed")
