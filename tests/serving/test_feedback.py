"""Outcomes of kept predictions: taken over HTTP, counted, judged, and never a burden."""

import asyncio
import hashlib
import json
import time

import httpx
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from models import loan_default
from monitoring.feedback import Outcomes
from monitoring.kept import Caps, Kept
from monitoring.metrics import Metrics
from serving.errors import ApiError
from serving.keeping import Keeping
from tests.conftest import serving
from train import synthetic_loans

pytestmark = pytest.mark.slow

PATH = "/models/sentiment/feedback"
KEYS = {"all": "one-that-opens-all", "loans": "one-that-opens-loans"}


def told(request_id, row=0, outcome=True):
    return {"outcomes": [{"request_id": request_id, "row": row, "outcome": outcome}]}


@pytest.fixture(scope="module")
def pair(home, tmp_path_factory):
    """Two workers on one predictions file."""
    folder = tmp_path_factory.mktemp("kept")
    file = str(folder / "kept.db")
    with serving(home, folder, TABENTO_WORKERS="2", TABENTO_PREDICTIONS_FILE=file) as running:
        running.file = folder / "kept.db"
        yield running.ready()


def ask(running, text="good", **headers):
    url = f"{running.url}/sentiment/predict"
    body = {"rows": [{"text": text}, {"text": "bad"}]}
    answer = httpx.post(url, json=body, headers=headers, timeout=30)
    assert answer.status_code == 200
    return answer.json()["request_id"]


def tell(running, body, path=PATH, **headers):
    return httpx.post(f"{running.url}{path}", json=body, headers=headers, timeout=30)


def until_known(running, body):
    """The worker that is asked may not be the one that answered: it is told within a second."""
    end = time.monotonic() + 30
    while (answer := tell(running, body)).json()["unknown"] and time.monotonic() < end:
        time.sleep(0.2)
    return answer.json()


def metric(running, name, **labels):
    text = httpx.get(f"{running.url}/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_an_outcome_is_accepted_once_then_repeated_then_changed(pair):
    first = ask(pair)

    assert until_known(pair, told(first))["accepted"] == 1
    assert tell(pair, told(first)).json() == {
        "accepted": 0, "repeated": 1, "changed": 0, "unknown": 0
    }  # fmt: skip
    assert tell(pair, told(first, outcome=False)).json()["changed"] == 1


def test_what_was_never_asked_is_counted_as_unknown(pair):
    before = metric(pair, "tabento_feedback_total", model="sentiment", result="unknown")

    assert tell(pair, told("never-asked")).json()["unknown"] == 1
    assert metric(pair, "tabento_feedback_total", model="sentiment", result="unknown") == before + 1


def test_no_text_of_a_client_is_in_the_file(pair):
    until_known(pair, told(ask(pair, "a very secret review")))

    content = b"".join(each.read_bytes() for each in pair.file.parent.glob("kept.db*"))
    assert b"secret" not in content


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"outcomes": []}, "outcomes"),
        ({}, "outcomes"),
        (told("a", outcome="true"), "outcomes"),
        (told("a", outcome=1), "outcomes"),
        (told("a", row=-1), "outcomes"),
        (told("a b"), "outcomes"),
        ({**told("a"), "more": 1}, "more"),
        ({"outcomes": told("a")["outcomes"] * 513}, "outcomes"),
    ],
)
def test_a_body_that_is_not_as_it_should_be_is_refused_with_its_place(pair, body, field):
    answer = tell(pair, body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["detail"][0]["loc"][0] == field


def test_other_bodies_are_refused_as_for_predictions(pair):
    url = f"{pair.url}{PATH}"
    head = {"Content-Type": "application/json"}

    assert httpx.post(url, content=b"a", headers={"Content-Type": "text/csv"}).status_code == 415
    assert httpx.post(url, content=b" " * 300_000, headers=head).status_code == 413
    assert httpx.get(url).status_code == 405
    twice = b'{"outcomes":[{"request_id":"a","request_id":"b","outcome":true}]}'
    assert httpx.post(url, content=twice, headers=head).json()["detail"][0]["type"] == (
        "repeated_key"
    )
    assert tell(pair, told("a"), "/models/nothing/feedback").status_code == 404


def test_live_figures_come_from_the_outcomes_with_their_alarm_levels(pair):
    """Five hundred synthetic loans with what came of them."""
    loans = synthetic_loans.generate(seed=5)
    rows = [row.model_dump(mode="json") for row in loans.rows[:500]]
    answer = httpx.post(f"{pair.url}/loan_default/predict", json={"rows": rows}, timeout=60).json()
    outcomes = [
        {"request_id": answer["request_id"], "row": number, "outcome": bool(lost)}
        for number, lost in enumerate(loans.charged_off[:500])
    ]
    path = "/models/loan_default/feedback"
    end = time.monotonic() + 60
    while tell(pair, {"outcomes": outcomes}, path).json()["unknown"] and time.monotonic() < end:
        time.sleep(0.2)
    labels = {"model": "loan_default", "version": answer["version"]}
    while metric(pair, "tabento_judged_rows", **labels) < 500 and time.monotonic() < end:
        time.sleep(0.5)

    declined = np.array([each["decision"] == "decline" for each in answer["predictions"]])
    accuracy = (declined == loans.charged_off[:500]).mean()
    assert metric(pair, "tabento_accuracy", **labels) == pytest.approx(accuracy)
    assert 0.4 < metric(pair, "tabento_accuracy_floor", **labels) < accuracy
    assert metric(pair, "tabento_kept_predictions_total", model="loan_default") >= 500
    assert metric(pair, "tabento_lost_predictions_total") == 0


@pytest.fixture(scope="module")
def locked(home, tmp_path_factory):
    """A server with keys, which then stopped, and its predictions file."""
    folder = tmp_path_factory.mktemp("locked")
    keys, file = folder / "keys.toml", folder / "kept.db"
    digest = {name: hashlib.sha256(key.encode()).hexdigest() for name, key in KEYS.items()}
    keys.write_text(
        f'[all]\nsha256 = "{digest["all"]}"\n'
        f'[loans]\nsha256 = "{digest["loans"]}"\nmodels = ["{loan_default.NAME}"]\n'
    )
    files = {"TABENTO_API_KEYS_FILE": str(keys), "TABENTO_PREDICTIONS_FILE": str(file)}
    with serving(home, folder, **files) as running:
        running.ready()
        asked = ask(running, **{"X-API-Key": KEYS["all"]})
        statuses = [
            tell(running, told("a"), **headers).status_code
            for headers in ({}, {"X-API-Key": KEYS["loans"]}, {"X-API-Key": KEYS["all"]})
        ]
    return file, asked, statuses


def test_a_key_opens_the_feedback_of_its_models_only(locked):
    assert locked[2] == [401, 403, 200]


def test_what_was_answered_just_before_a_stop_is_kept(locked):
    file, asked, _ = locked

    known = Kept(file, Caps(10**9, 400)).learn("sentiment", [(asked, 1, True)], 5.0)
    assert known == ["accepted"]


def test_without_a_file_the_answer_says_what_to_do(running):
    answer = tell(running, told("a"))

    assert (answer.status_code, answer.json()["code"]) == (404, "predictions_not_kept")
    assert "TABENTO_PREDICTIONS_FILE" in answer.json()["error"]


def test_a_file_that_can_not_be_written_is_a_503_that_says_when_to_come(tmp_path):
    metrics = Metrics(["sentiment"])
    keeping = Keeping(tmp_path / "not there" / "kept.db", Caps(10**9, 400), metrics)
    with pytest.raises(ApiError) as refused:
        asyncio.run(keeping.learn("sentiment", Outcomes.model_validate(told("a"))))
    keeping.stop()

    assert (refused.value.status, refused.value.code) == (503, "feedback_not_kept")
    assert "Retry-After" in refused.value.headers


def test_openapi_tells_of_it(running):
    document = httpx.get(f"{running.url}/docs.json").json()

    post = document["paths"]["/models/{model}/feedback"]["post"]
    assert {"200", "400", "401", "403", "404", "413", "415", "503"} <= post["responses"].keys()
    assert json.dumps(post).count("Outcomes")


def test_a_report_reads_while_workers_write(pair):
    until_known(pair, told(ask(pair)))

    assert Kept(pair.file).versions("sentiment", 0, 1e12)
