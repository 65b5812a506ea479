"""The machine's clock jumps by days: nothing is late, and nothing took less than no time."""

import json
import time
from pathlib import Path

import httpx
import pytest

from models import sentiment
from tests.conftest import serving
from tests.torture.scrape import samples, until

LIBRARIES = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
BODY = {"rows": [row.model_dump(mode="json") for row in sentiment.EXAMPLE]}


@pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed (Debian: faketime)")
def test_a_clock_that_jumps_by_days_disturbs_nothing(home, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+0")
    faked = {
        "LD_PRELOAD": str(LIBRARIES[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    with serving(home, tmp_path, **faked) as running:
        running.ready()
        for jump in ("+0", "+2d", "-2d"):
            clock.write_text(jump)
            for _ in range(5):
                answer = httpx.post(f"{running.url}/sentiment/predict", json=BODY, timeout=30)
                assert answer.status_code == 200
                time.sleep(0.05)
            assert httpx.get(f"{running.url}/readyz", timeout=30).status_code == 200
        told = until(lambda: len(_requests(running)) >= 15 and _requests(running), seconds=30)
        durations = [each["duration_ms"] for each in told]
        days = {each["timestamp"][:10] for each in told}
        found = samples(running.url)
    assert min(durations) >= 0
    assert len(days) == 3, "the clock did not jump"
    sums = {name: value for (name, _), value in found.items() if name.endswith("_seconds_sum")}
    assert all(value >= 0 for value in sums.values())


def _requests(running):
    lines = running.log.read_text(errors="replace").splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return [each for each in events if each.get("path") == "/sentiment/predict"]
