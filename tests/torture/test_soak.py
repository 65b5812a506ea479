"""More than the service can do, for as long as it is told, by clients of whom some leave."""

import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

from clients.observer import MEBIBYTE, Observer, slope
from clients.traffic import Traffic
from tests.conftest import serving
from tests.torture.asks import BAD, GOOD, LARGE
from tests.torture.scrape import metric, until

# Below this a slope is that of the first minutes, when allocators still grow.
ENOUGH_MINUTES = 5


def test_overload_and_leaving_clients_cost_refusals_and_nothing_that_stays(home, tmp_path, minutes):
    """The law of a long overload: refused at once, probes answered, nothing leaked."""
    with serving(home, tmp_path, TABENTO_MAX_IN_FLIGHT="6") as running:
        running.ready()
        url = urlsplit(running.url)
        observer = Observer(url, running.process.pid)
        asks = [*GOOD, *GOOD, *LARGE, *BAD]
        with Traffic(url, asks, clients=12, leavers=4, pause=0.005) as traffic, observer:
            time.sleep(minutes * 60)
        tally = traffic.tally
        in_flight = until(lambda: settled(running))
        idle = until(
            lambda: found if (found := observer.look()).descriptors <= first(observer) else None
        )
        figures = report(minutes, tally, observer, idle)

        assert set(tally.statuses) <= {200, 400, 404, 415, 503}, tally.statuses
        assert tally.statuses[200] > 0
        assert tally.statuses[503] > 0
        assert tally.refused_without_retry == 0
        assert tally.left > 0
        assert in_flight == {"sentiment": 0, "loan_default": 0, "breast_cancer": 0}
        assert observer.probe_statuses() == {200}
        # A machine that does other things as well may once stop all of it for longer.
        assert observer.slow_probes(1) <= 0.01
        assert {sample.processes for sample in observer.samples} == {idle.processes}
        assert idle.memory < observer.samples[0].memory + 64 * MEBIBYTE
        if minutes >= ENOUGH_MINUTES:
            assert figures["memory_mib_per_minute"] < 1


def settled(running):
    """Prediction requests in flight, once there are none."""
    now = {
        model: metric(running.url, "tabento_requests_in_flight", model=model)
        for model in ("sentiment", "loan_default", "breast_cancer")
    }
    return now if not any(now.values()) else None


def first(observer):
    """Descriptors at the first look, when all clients were connected."""
    return observer.samples[0].descriptors


def report(minutes, tally, observer, idle):
    """What was seen; written where `TORTURE_REPORT` says, for the table in docs/robustness.md."""
    samples = observer.samples
    figures = {
        "minutes": minutes,
        "answers": {str(status): count for status, count in sorted(tally.statuses.items())},
        "left_before_the_answer": tally.left,
        "slowest_answer_s": round(tally.slowest, 3),
        "probes_over_one_second": round(observer.slow_probes(1), 4),
        "slowest_probe_s": round(observer.slowest_probe(), 3),
        "memory_mib_first": round(samples[0].memory / MEBIBYTE, 1),
        "memory_mib_most": round(max(sample.memory for sample in samples) / MEBIBYTE, 1),
        "memory_mib_idle_after": round(idle.memory / MEBIBYTE, 1),
        "memory_mib_per_minute": round(slope(samples), 3),
        "descriptors_most": max(sample.descriptors for sample in samples),
        "descriptors_idle_after": idle.descriptors,
    }
    if file := os.environ.get("TORTURE_REPORT"):
        with Path(file).open("a") as lines:
            lines.write(json.dumps(figures) + "\n")
    return figures
