"""API keys over a real server: who gets in, who does not, and what is told of it."""

import hashlib

import httpx
import pytest

from tests.conftest import serving
from tests.test_process import until

pytestmark = pytest.mark.slow

ALL, ONE, SLOW, LATER = "opens all", "opens sentiment alone", "may ask twice an hour", "added later"
GOOD = {"rows": [{"text": "good"}]}


def entry(name, key, more=""):
    return f"[{name}]\nsha256 = '{hashlib.sha256(key.encode()).hexdigest()}'\n{more}\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    file = tmp_path_factory.mktemp("keys") / "keys.toml"
    file.write_text(
        entry("team_all", ALL)
        + entry("team_one", ONE, "models = ['sentiment']")
        + entry("team_slow", SLOW, "rate = '2/hour'")
    )
    return file


@pytest.fixture(scope="module")
def running(home, file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    settings = {"TABENTO_API_KEYS_FILE": str(file), "TABENTO_PROTECT": "all"}
    with serving(home, folder, **settings) as running:
        yield running.ready()


def ask(running, key=None, model="sentiment", **headers):
    given = {"X-API-Key": key} if key else {}
    url = f"{running.url}/{model}/predict"
    return httpx.post(url, json=GOOD, headers=given | headers)


def test_without_a_key_or_with_a_wrong_one_it_is_a_401(running):
    for answer in (ask(running), ask(running, "wrong")):
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_either_header_brings_the_key(running):
    assert ask(running, ALL).status_code == 200
    assert ask(running, Authorization=f"Bearer {ALL}").status_code == 200


def test_a_key_opens_the_models_of_its_entry_alone(running):
    assert ask(running, ONE).status_code == 200
    assert ask(running, ONE, model="loan_default").status_code == 403


@pytest.mark.parametrize("path", ["/loan_default/predict", "/models/loan_default/reload"])
def test_a_line_feed_behind_a_path_leads_past_no_lock(running, path):
    """Routes that are found by a pattern match it as well."""
    answer = httpx.post(f"{running.url}{path}%0A", json=GOOD, headers={"X-API-Key": ONE})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_above_its_rate_a_key_is_told_when_to_come_again(running):
    statuses = [ask(running, SLOW).status_code for _ in range(2)]
    refused = ask(running, SLOW)
    assert statuses == [200, 200]
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 60 < int(refused.headers["retry-after"]) <= 2 * 3_600


def test_probes_need_no_key_and_all_else_does(running):
    for path in ("/livez", "/readyz", "/healthz", "/health", "/ready"):
        assert httpx.get(running.url + path).status_code == 200, path
    for path in ("/metrics", "/models", "/models/sentiment", "/docs.json", "/"):
        assert httpx.get(running.url + path).status_code == 401, path
        assert httpx.get(running.url + path, headers={"X-API-Key": ALL}).status_code == 200, path


def test_a_key_that_is_added_opens_without_a_restart_and_one_taken_out_does_not(running, file):
    before = file.read_text()
    assert ask(running, LATER).status_code == 401
    file.write_text(before + entry("team_later", LATER))
    until(lambda: ask(running, LATER).status_code == 200)
    file.write_text(before)
    until(lambda: ask(running, LATER).status_code == 401)


def test_keys_are_named_in_log_and_metrics_and_never_shown(running):
    ask(running, ALL)
    told = lambda: httpx.get(f"{running.url}/metrics", headers={"X-API-Key": ALL}).text  # noqa: E731
    until(lambda: 'tabento_key_requests_total{key="team_all",status="200"}' in told())
    until(lambda: b'"key":"team_all"' in running.log.read_bytes())
    for key in (ALL, ONE, SLOW, LATER):
        assert key not in told()
        assert key.encode() not in running.log.read_bytes()
