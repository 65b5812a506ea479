"""What is counted in plain numbers is what Prometheus is told, over all processes and no more."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from monitoring.distribution import Distribution
from monitoring.families import SECONDS
from monitoring.metrics import Metrics

ROOT = Path(__file__).parent.parent.parent
GOOD, BAD = {"rows": [{"text": "good"}] * 3}, {"rows": [{"text": 5}]}


def samples(text):
    """Every sample by its name and labels."""
    families = text_string_to_metric_families(text.decode() if isinstance(text, bytes) else text)
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def metrics():
    return Metrics(["a", "b"])


@given(st.lists(st.floats(0, 20) | st.sampled_from(SECONDS), max_size=30), st.integers(0, 30))
def test_a_distribution_is_what_prometheus_own_histogram_would_be(values, cut):
    """However often it was brought over."""
    registries = [CollectorRegistry(), CollectorRegistry()]
    ours, theirs = (Histogram("h", "h", buckets=SECONDS, registry=each) for each in registries)
    distribution = Distribution(SECONDS, ours)
    for number, value in enumerate(values):
        distribution.observe(value)
        theirs.observe(value)
        if number == cut:
            distribution.flush()
    distribution.flush()

    found, expected = (samples(generate_latest(each)) for each in registries)
    made = {("h_created",): found["h_created",]}
    assert found == pytest.approx(expected | made)


def test_every_series_of_a_model_is_there_at_zero_before_its_first_request(metrics):
    """Else an alert on a rate has nothing to start from."""
    found = samples(metrics.exposition())

    for name in ("rows_total", "request_duration_seconds_count", "batch_rows_count"):
        assert (found[f"tabento_{name}", "a"], found[f"tabento_{name}", "b"]) == (0, 0)


def test_answers_are_counted_by_path_and_status(metrics):
    for status in (200, 200, 400):
        metrics.answered("/a/predict", status)

    first, again = samples(metrics.exposition()), samples(metrics.exposition())
    assert first["tabento_requests_total", "/a/predict", "200"] == 2
    assert first["tabento_requests_total", "/a/predict", "400"] == 1
    assert first == again


def test_errors_are_counted_by_path_and_code(metrics):
    for code in ("not_ready", "not_ready", "overloaded"):
        metrics.rejected("/a/predict", code)

    found = samples(metrics.exposition())
    assert found["tabento_rejections_total", "/a/predict", "not_ready"] == 2
    assert found["tabento_rejections_total", "/a/predict", "overloaded"] == 1


def test_a_golden_check_says_when_it_passed_and_how_long_it_took(metrics):
    before = time.time()
    metrics.models["a"].golden(0.25)

    found = samples(metrics.exposition())
    assert before <= found["tabento_golden_check_timestamp_seconds", "a"] <= time.time()
    assert found["tabento_golden_check_duration_seconds", "a"] == 0.25
    assert ("tabento_golden_check_timestamp_seconds", "b") not in found


def test_a_process_says_when_it_came_up(metrics):
    found = samples(metrics.exposition())

    assert time.time() - 60 < found["tabento_process_start_time_seconds",] <= time.time()
    assert (found["tabento_workers",], found["tabento_worker_starts_total",]) == (1, 1)


def test_runs_and_rows_are_counted_by_model(metrics):
    metrics.models["a"].ran(5, 0.2)
    metrics.models["a"].ran(7, 0.3)

    found = samples(metrics.exposition())
    assert (found["tabento_rows_total", "a"], found["tabento_rows_total", "b"]) == (12, 0)
    assert found["tabento_batch_rows_count", "a"] == 2
    assert found["tabento_batch_duration_seconds_sum", "a"] == 0.5


def test_it_is_told_which_model_is_loaded_and_what_was_lost(metrics):
    metrics.loaded("a", "v1", "f" * 64)
    metrics.dropped(3)

    found = samples(metrics.exposition())
    assert found["tabento_model_info", *sorted(["a", "v1", "f" * 64])] == 1
    assert found["tabento_dropped_log_records_total",] == 3


COUNT = """
import os, sys
from monitoring.metrics import Metrics
metrics = Metrics(["a"])
for _ in range(int(sys.argv[1])):
    metrics.answered("/a/predict", 200)
metrics.models["a"].in_flight = 5
metrics.models["a"].ran(2, 0.1)
metrics.flush()
"""
TELL = 'from monitoring.metrics import Metrics; print(Metrics(["a"]).exposition().decode())'


def test_processes_are_added_up_and_what_the_dead_are_doing_is_forgotten(tmp_path):
    """Counters stay, so that none goes backwards; who is gone has no request in flight."""
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(*command):
        done = subprocess.run(
            [sys.executable, "-c", *command], cwd=ROOT, env=environment, check=True, stdout=-1
        )
        return done.stdout

    run(COUNT, "3")
    run(COUNT, "4")
    found = samples(run(TELL))
    assert found["tabento_requests_total", "/a/predict", "200"] == 7
    assert (found["tabento_rows_total", "a"], found["tabento_batch_rows_count", "a"]) == (4, 2)
    assert found["tabento_requests_in_flight", "a"] == 0
    assert (found["tabento_workers",], found["tabento_worker_starts_total",]) == (1, 3)


def scrape(running):
    return samples(httpx.get(f"{running.url}/metrics").text)


def growth(running, *calls):
    """What a few calls add to the counters."""
    before = scrape(running)
    for method, path, body in calls:
        httpx.request(method, running.url + path, json=body)
    after = scrape(running)
    changes = {key: value - before.get(key, 0) for key, value in after.items()}
    return {key: change for key, change in changes.items() if change}


def test_a_real_server_counts_what_it_was_asked(running):
    path = "/sentiment/predict"
    grown = growth(running, *[("POST", path, GOOD)] * 4, ("POST", path, BAD), ("GET", path, None))

    requests = {status: grown["tabento_requests_total", path, status] for status in ("200", "400")}
    assert requests == {"200": 4, "400": 1}
    assert grown["tabento_rows_total", "sentiment"] == 12
    assert grown["tabento_request_duration_seconds_count", "sentiment"] == 6
    assert grown["tabento_queue_wait_seconds_count", "sentiment"] == 4
    assert grown["tabento_rejections_total", path, "invalid_request"] == 1
    assert grown["tabento_rejections_total", path, "method_not_allowed"] == 1
    assert not [key for key in grown if "loan_default" in key]


def test_a_path_that_is_no_route_makes_no_series_of_its_own(running):
    names = ("/scan/1", "/models/scan", "/sentiment/scan", "/static_content/scan")
    grown = growth(running, *[("GET", name, None) for name in names])

    assert grown["tabento_requests_total", "404", "other"] == len(names)
    assert not [key for key in scrape(running) if "scan" in "".join(key)]


def test_a_probe_renews_the_golden_check(running):
    checked = "tabento_golden_check_timestamp_seconds", "sentiment"
    before = scrape(running)[checked]
    time.sleep(1.1)
    httpx.get(f"{running.url}/readyz")

    assert scrape(running)[checked] > before


def test_a_model_that_answers_otherwise_does_not_pass_its_golden_check(client):
    """Else an alert on the age of the last one would be silent."""
    import bentoml

    served = bentoml.get_current_service().bundle.served["sentiment"]
    golden = served.artifact.golden.model_copy(update={"predictions": [{}]})
    passed: list[float] = []
    metrics = SimpleNamespace(golden=passed.append)
    wrong = replace(served, artifact=replace(served.artifact, golden=golden), metrics=metrics)

    assert client.portal.call(wrong.fault, 10) == "Wrong answers from sentiment."
    assert passed == []
    assert client.portal.call(replace(served, metrics=metrics).fault, 10) == ""
    assert len(passed) == 1


def test_the_routes_of_models_share_one_series(running):
    grown = growth(
        running, ("GET", "/models/sentiment", None), ("GET", "/models/loan_default", None)
    )

    assert grown["tabento_requests_total", "/models/{model}", "200"] == 2


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_no_fault(running):
    text = httpx.get(f"{running.url}/metrics").content
    found = subprocess.run(["promtool", "check", "metrics"], input=text, check=False)

    assert found.returncode == 0


def test_the_series_that_alerts_look_for_are_there_before_the_first_of_them():
    """Prometheus sees no increase in a series that begins with what it counts."""
    text = Metrics(["a"]).exposition().decode()

    for status in (200, 400, 500, 503, 504):
        assert f'tabento_requests_total{{path="/a/predict",status="{status}"}} 0.0' in text
    assert 'tabento_rejections_total{code="overloaded",path="/a/predict"} 0.0' in text
