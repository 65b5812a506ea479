"""Pages of other origins: refused, unless they are listed."""

import json

import httpx
import pytest
from starlette.testclient import TestClient

from models import sentiment
from serving import cors
from tests.conftest import serving
from tests.torture.scrape import metric, until

PATH, BODY = "/sentiment/predict", {"rows": [{"text": "good"}]}
OURS, OTHER = "https://shop.example", "https://elsewhere.example"


def allowing(client, origins):
    """The whole service, with such a list before it, in the event loop that it has started in."""
    allowing = TestClient(cors.allow(client.app, origins, lambda *_: None))
    allowing.portal = client.portal
    return allowing


@pytest.fixture(scope="module")
def listed(client):
    """With one origin listed, and another."""
    return allowing(client, f"{OURS}, https://b.example:8443")


def preflight(client, origin, **headers):
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return client.options(PATH, headers=asked | headers)


def test_without_a_list_nothing_stands_before_the_service():
    async def app(scope, receive, send): ...

    assert cors.allow(app, "", lambda *_: None) is app


def test_a_page_of_a_listed_origin_reads_answers_and_errors(listed):
    for body, status in ((BODY, 200), ({}, 400)):
        answer = listed.post(PATH, json=body, headers={"Origin": OURS})
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == OURS
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]


def test_another_page_is_not_let_to_read(listed):
    answer = listed.post(PATH, json=BODY, headers={"Origin": OTHER})
    assert "access-control-allow-origin" not in answer.headers


def test_a_browser_that_asks_first_is_told_what_it_may(listed):
    headers = "content-type, x-api-key, x-request-timeout-ms"
    answer = preflight(listed, OURS, **{"Access-Control-Request-Headers": headers})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == OURS
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_a_refused_preflight_has_the_one_error_body(listed):
    answer = preflight(listed, OTHER, **{"X-Request-ID": "id-1"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "cors_refused"
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == "id-1"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("origin", "status"), [(OURS, 200), (OTHER, 400)])
def test_every_preflight_is_answered_with_the_headers_of_all_answers(listed, origin, status):
    answer = preflight(listed, origin, **{"X-Request-ID": "id-1"})
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"] == "id-1"


def test_every_origin_may_where_all_are_listed(client):
    answer = allowing(client, "*").get("/models", headers={"Origin": OTHER})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert sentiment.NAME in answer.text


@pytest.mark.slow
@pytest.mark.parametrize(("origin", "status"), [(OURS, 200), (OTHER, 400)])
def test_a_preflight_is_counted_and_logged_as_every_request_is(home, tmp_path, origin, status):
    with serving(home, tmp_path, TABENTO_CORS_ORIGINS=OURS) as running:
        running.ready()
        with httpx.Client(base_url=running.url) as client:
            assert preflight(client, origin, **{"X-Request-ID": "asked-1"}).status_code == status
        (line,) = until(lambda: [x for x in running.log.read_text().splitlines() if "asked-1" in x])
        until(lambda: metric(running.url, "tabento_requests_total", path=PATH, status=str(status)))
        refused = metric(running.url, "tabento_rejections_total", path=PATH, code="cors_refused")

    told = json.loads(line)
    assert (told["event"], told["method"]) == ("request", "OPTIONS")
    assert (told["path"], told["status"]) == (PATH, status)
    assert refused == (status == 400)
