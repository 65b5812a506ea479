"""What the service says of itself, and when it says that it is ready."""

import asyncio
import hashlib
import json
import threading
from typing import Any

import bentoml
import numpy as np
import pytest

from models import sentiment
from serving import artifact
from serving import bundle as bundles
from serving.errors import ApiError
from tests.conftest import in_process, wait_until_ready

NAMES = ["breast_cancer", "loan_default", "sentiment"]
GOOD = {"rows": [{"text": "good"}]}


@pytest.fixture
def gated(home, monkeypatch):
    """A service whose models do not load before the gate opens."""
    gate = threading.Event()
    load = bundles.Bundle.load
    monkeypatch.setattr(bundles.Bundle, "load", lambda self: (gate.wait(60), load(self)))
    with in_process() as client:
        yield client, gate
        gate.set()


@pytest.fixture
def fresh(home):
    """A service that a test may break, and its bundle."""
    with in_process() as client:
        wait_until_ready(client)
        yield client, bentoml.get_current_service().bundle


def test_it_is_alive_but_not_ready_before_its_models_are_loaded(gated):
    client, gate = gated

    assert [client.get(path).status_code for path in ("/livez", "/healthz", "/health")] == [200] * 3
    assert [client.get(path).status_code for path in ("/readyz", "/ready")] == [503] * 2
    assert client.get("/health").json()["models_loaded"] is False
    answer = client.post("/sentiment/predict", json=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["retry-after"]
    gate.set()
    wait_until_ready(client)
    assert client.get("/readyz").status_code == 200
    assert client.get("/health").json()["models_loaded"] is True


def test_health_tells_versions_and_an_uptime_that_grows(client):
    first, second = client.get("/health").json(), client.get("/health").json()

    assert set(first["versions"]) == set(NAMES)
    assert second["uptime_seconds"] >= first["uptime_seconds"] >= 0


def test_ready_answers_with_a_body(client):
    assert client.get("/ready").json() == {"status": "ready"}


def test_a_model_is_described_with_all_that_made_it(client):
    for name in NAMES:
        said = client.get(f"/models/{name}").json()
        assert said["tag"] == f"{name}:{said['version']}"
        assert {"python", "libraries"} == set(said["versions"])
        assert said["metrics"]["test_roc_auc"] > 0.5
        assert 0 < said["threshold"] < 1
        assert said["row_schema"]["additionalProperties"] is False
        assert said["gate"] == "passed"
        assert said["trained_at"].endswith("+00:00")


def test_the_list_of_models_has_each_once(client):
    assert sorted(each["model"] for each in client.get("/models").json()["models"]) == NAMES


def test_the_hash_told_is_that_of_the_artifact_in_the_store(client, home):
    for name in NAMES:
        said = client.get(f"/models/{name}").json()
        folder = home / "models" / name / said["version"]
        assert said["sha256"] == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
        for file, facts in said["files"].items():
            assert facts["sha256"] == hashlib.sha256((folder / file).read_bytes()).hexdigest()


def test_what_was_made_up_says_so(client):
    told = {each["model"]: each["synthetic"] for each in client.get("/models").json()["models"]}

    assert told == {"breast_cancer": False, "loan_default": True, "sentiment": True}


def break_model(monkeypatch, bundle, answer):
    """From now on the sentiment model's estimator gives `answer`, whatever it is asked."""
    runner = bundle.served["sentiment"].artifact.runner
    object.__setattr__(runner.estimator, "predict_proba", answer)
    bundle._checked = -100.0


@pytest.mark.parametrize("wrong", [[np.nan, np.nan], [1.3, -0.3], [0.5, 0.6]])
def test_an_impossible_output_is_a_500_and_never_a_200(fresh, monkeypatch, wrong, capfd):
    client, bundle = fresh
    break_model(monkeypatch, bundle, lambda rows: np.array([wrong] * len(rows)))

    answer = client.post("/sentiment/predict", json=GOOD, headers={"X-Request-ID": "broken-1"})
    assert (answer.status_code, answer.json()["code"]) == (500, "bad_output")
    assert "Traceback" not in answer.text


def test_a_model_that_stops_giving_its_answers_is_not_ready_though_alive(fresh, monkeypatch):
    client, bundle = fresh
    break_model(monkeypatch, bundle, lambda rows: np.array([[0.5, 0.5]] * len(rows)))

    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert "sentiment" in answer.json()["error"]
    assert client.get("/ready").status_code == 503
    assert client.get("/livez").status_code == 200


def test_a_model_that_raises_is_a_500_without_internals_and_the_others_live(fresh, monkeypatch):
    client, bundle = fresh

    def fail(_rows):
        raise RuntimeError("SECRET")

    break_model(monkeypatch, bundle, fail)
    answer = client.post("/sentiment/predict", json=GOOD)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "SECRET" not in answer.text
    assert client.get("/readyz").status_code == 503
    example = [row.model_dump(mode="json") for row in client_example()]
    assert client.post("/breast_cancer/predict", json={"rows": example}).status_code == 200


def client_example():
    from models import breast_cancer

    return breast_cancer.EXAMPLE


def test_the_model_is_asked_only_for_valid_requests(fresh, monkeypatch):
    client, bundle = fresh
    asked: list[Any] = []

    def asked_for(rows):
        asked.append(rows)
        return rows

    runner = bundle.served["sentiment"].artifact.runner
    plain = runner.estimator.predict_proba
    object.__setattr__(runner.estimator, "predict_proba", lambda rows: plain(asked_for(rows)))
    wrong: list[dict[str, Any]] = [
        {"rows": [{"text": 5}]},
        {"rows": []},
        {"rows": [{"text": "a", "b": 1}]},
    ]
    for body in wrong:
        client.post("/sentiment/predict", json=body)

    assert asked == []
    client.post("/sentiment/predict", json=GOOD)
    assert asked == [["good"]]


def test_a_model_is_loaded_once_and_not_per_request(fresh, monkeypatch):
    client, _ = fresh
    monkeypatch.setattr(artifact, "read", lambda *_, **__: pytest.fail("loaded again"))

    assert all(client.post("/sentiment/predict", json=GOOD).status_code == 200 for _ in range(20))


def test_every_route_of_the_document_answers(client):
    """S0-37: none is documented and untested. POST routes are the laws of every model."""
    for path, methods in client.get("/docs.json").json()["paths"].items():
        if "get" in methods:
            answer = client.get(path.replace("{model}", "sentiment"))
            assert answer.status_code == 200, path


def test_the_page_loads_nothing_from_other_hosts(client):
    page = client.get("/")

    assert "//" not in page.text.replace("<!DOCTYPE", "")
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    for file in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"):
        assert client.get(f"/static_content/{file}").status_code == 200


def test_retraining_changes_the_hash_and_serving_again_does_not(home, client):
    before = client.get("/models/sentiment").json()["sha256"]
    folder = home / "models" / "sentiment"
    hashes = {
        version: hashlib.sha256((folder / version / "manifest.json").read_bytes()).hexdigest()
        for version in [each.name for each in folder.iterdir() if each.is_dir()]
    }

    assert len(set(hashes.values())) == len(hashes)
    assert before in hashes.values()


def test_bentomls_own_schema_still_tells_its_clients_what_to_send(client):
    routes = {each["route"]: each for each in client.get("/schema.json").json()["routes"]}

    assert set(routes) == {f"/{name}/predict" for name in NAMES}
    assert "rows" in json.dumps(routes["/sentiment/predict"]["input"])
    assert sentiment.NAME in NAMES


def test_once_it_has_stopped_no_model_takes_a_request(home):
    with in_process() as client:
        wait_until_ready(client)
        bundle = bentoml.get_current_service().bundle

    for served in bundle.served.values():
        with pytest.raises(ApiError) as caught:
            asyncio.run(served.batcher.submit([...]))
        assert caught.value.code == "draining"
