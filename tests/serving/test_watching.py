"""What is answered is watched, whoever answers it, and one worker tells for all."""

import json
import time

import httpx
import numpy as np
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore
from prometheus_client.parser import text_string_to_metric_families

from models import breast_cancer, loan_default, sentiment
from monitoring.drift import Drift
from monitoring.windows import SUFFIX
from serving import artifact
from serving.store import find
from tests.conftest import in_process, serving, wait_until_ready
from tests.store import alter, copy_of
from train import synthetic_loans

MODELS = [breast_cancer, loan_default, sentiment]
BODY = {"rows": [{"text": "good"}, {"text": "bad"}]}


def report(client, model="sentiment", **query):
    answer = client.get(f"/models/{model}/drift", params=query)
    assert answer.status_code == 200
    return Drift.model_validate_json(answer.content)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_a_reference_of_all_its_fields(model, home):
    loaded = artifact.read(model, find(model.NAME, None))

    assert loaded.reference is not None
    fields = {each.field for each in loaded.reference.features.values()}
    assert fields == set(model.ROW.model_fields)


@pytest.mark.parametrize("model", MODELS)
def test_every_row_that_is_answered_is_counted_once(model, client):
    rows = [row.model_dump(mode="json") for row in model.EXAMPLE]
    before = report(client, model.NAME).rows
    answer = client.post(f"/{model.NAME}/predict", json={"rows": rows})

    assert answer.status_code == 200
    assert report(client, model.NAME).rows == before + len(rows)


def test_what_is_refused_is_not_counted(client):
    before = report(client).rows
    assert client.post("/sentiment/predict", json={"rows": [{"text": 5}]}).status_code == 400

    assert report(client).rows == before


def test_probes_are_not_counted(client):
    before = report(client).rows
    time.sleep(1.1)
    assert client.get("/ready").status_code == 200

    assert report(client).rows == before


def test_it_is_counted_through_bentomls_own_layers_as_well(home, monkeypatch):
    import service

    class Off:
        front = "off"

        def __getattr__(self, name):
            from settings import settings

            return getattr(settings(), name)

    monkeypatch.setattr(service, "settings", Off)
    with in_process() as off:
        wait_until_ready(off)
        assert off.post("/sentiment/predict", json=BODY).status_code == 200
        assert report(off).rows == 2


@pytest.mark.parametrize("window", ["hour", "day", "start"])
def test_a_window_is_the_one_asked_for(client, window):
    assert report(client, window=window).window == window


def test_without_one_it_is_the_last_hour(client):
    assert report(client).window == "hour"


def test_a_window_that_there_is_not_is_refused(client):
    answer = client.get("/models/sentiment/drift", params={"window": "week"})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert answer.json()["detail"][0]["loc"] == ["window"]


def test_a_model_that_is_not_there_has_no_drift(client):
    assert client.get("/models/nothing/drift").status_code == 404


def test_the_report_stands_in_the_openapi_document(client):
    document = client.get("/docs.json").json()
    good = document["paths"]["/models/{model}/drift"]["get"]["responses"]["200"]

    assert good["content"]["application/json"]["schema"]["$ref"].endswith("/Drift")
    assert {"Drift", "Divergence", "Bin"} <= document["components"]["schemas"].keys()


@pytest.fixture
def store(home, tmp_path):
    """A copy of the models that a test may alter, and its folders."""
    folder, models = copy_of(home, tmp_path)
    BentoMLContainer.model_store.set(ModelStore(folder / "models"))
    yield models
    BentoMLContainer.model_store.reset()


def of_the_form_before(_):
    return {"rows": 3, "fields": {}, "score_rows": 3, "score": {"field": "positive_probability"}}


def of_another_field(known):
    known["features"]["subject.length"] = known["features"]["text.length"] | {"field": "subject"}
    return known


def with_a_share_too_many(known):
    known["score"]["shares"].append(0.0)
    return known


@pytest.mark.parametrize("change", [of_the_form_before, of_another_field, with_a_share_too_many])
def test_a_reference_that_can_not_be_counted_against_costs_no_prediction(store, change):
    """It is the older artifact that one goes back to when the new one fails."""
    changed = change(json.loads((store["sentiment"] / "reference.json").read_text()))
    alter(store["sentiment"], "reference.json", json.dumps(changed).encode())
    with in_process() as client:
        wait_until_ready(client)
        answer, drift = (
            client.post("/sentiment/predict", json=BODY),
            client.get("/models/sentiment/drift"),
        )

    assert (answer.status_code, drift.status_code) == (200, 404)
    assert "python -m train sentiment" in drift.json()["error"]


def test_new_loans_are_no_drift_and_doubled_ones_are(home):
    """From a trained artifact to a verdict over HTTP, in a service that nobody else asks."""
    rows = [row.model_dump(mode="json") for row in synthetic_loans.generate(seed=7).rows[:3_584]]
    with in_process() as client:
        wait_until_ready(client)
        send(client, rows[:2_048])
        before = report(client, "loan_default")
        amount = "gross_approval_usd"
        send(client, [row | {amount: row[amount] * 2} for row in rows[2_048:]])
        after = report(client, "loan_default")

    assert (before.rows, before.verdict) == (2_048, "ok")
    assert (after.rows, after.missed) == (3_584, 0)
    assert after.features[amount].verdict in ("notice", "moderate")
    assert after.features["state"].verdict == "ok"


def send(client, rows):
    for start in range(0, len(rows), 512):
        answer = client.post("/loan_default/predict", json={"rows": rows[start : start + 512]})
        assert answer.status_code == 200


@pytest.mark.slow
def test_one_worker_tells_what_both_have_answered(home, tmp_path):
    with serving(home, tmp_path, TABENTO_WORKERS="2") as running:
        running.ready()
        asked = 0
        until = time.monotonic() + 60
        while len(told := _tables(running)) < 2 or not all(told):
            assert time.monotonic() < until
            asked += httpx.post(f"{running.url}/sentiment/predict", json=BODY).is_success
        time.sleep(2.5)
        reports = [_asked_anew(running) for _ in range(6)]
        scraped = httpx.get(f"{running.url}/metrics").text

        assert all(_tables(running))
        assert {each.rows for each in reports} == {2 * asked}
        assert _sum(scraped, "model_score_bin_total", model="sentiment") == 2 * asked
        assert (_sum(scraped, "tabento_workers"), _sum(scraped, "tabento_worker_starts_total")) == (
            2,
            2,
        )


def _sum(scraped, name, **labels):
    return sum(
        sample.value
        for family in text_string_to_metric_families(scraped)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def _asked_anew(running):
    """On a connection of its own, so that any worker may answer."""
    with httpx.Client(base_url=running.url) as client:
        return report(client, window="start")


def _tables(running):
    """How much each worker has counted so far."""
    files = (running.home / "prometheus_multiproc_dir").glob(f"drift-sentiment-*{SUFFIX}")
    return [int(np.fromfile(file, np.int64).astype(bool).sum()) for file in files]
