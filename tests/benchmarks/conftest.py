import pytest

from benchmarks.results import Measurement, Results, Start
from benchmarks.workload import STANDARD


@pytest.fixture
def measurement():
    """A measurement of which only what is named matters."""

    def make(peer="tabento", workload=STANDARD, round=1, **values):  # noqa: A002 - its name
        nothing = dict.fromkeys(("p50", "p99", "p999", "cpu_us"), None)
        plain = {"requests": 1, "rate": 1.0, "rows_rate": 1.0, "rss_mb": 1.0, "errors": 0}
        return Measurement(round, peer, workload, **{**nothing, **plain, **values})

    return make


@pytest.fixture
def results():
    """Make results of some measurements."""

    def make(*measurements, pinning="server on core 0, load generator on core 1"):
        facts = {
            "quick": False,
            "command": "python -m benchmarks",
            "started": "2026-11-21T00:00:00+00:00",
            "ended": "2026-11-21T00:30:00+00:00",
            "machine": {"cpu": "a processor", "cores": "2", "system": "Linux"},
            "pinning": {"1": pinning, "2": pinning},
            "models": [{"tag": "x:1", "estimator": "Classifier", "trees": 200}],
            "versions": {"tabento": "1.4.39", "mosec": "0.9"},
        }
        starts = [Start(1, "tabento", 1, 2.0, 300.0), Start(1, "mosec", 1, 1.0, 600.0)]
        times = {"single": {"estimator": 1.0, "shortcut": 0.5, "whole": 2.0}}
        return Results(facts, list(measurements), starts, {}, {"x": times})

    return make
