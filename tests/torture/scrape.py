"""What a server says of itself at `/metrics`, and waiting for it to say something else."""

import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families


def until(condition, seconds=30):
    """Wait for something that is true, and give it."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            pytest.fail("it did not happen")
        time.sleep(0.05)
    return found


def samples(url):
    """Every series and its value; raises when the text is not valid."""
    text = httpx.get(f"{url}/metrics", timeout=10).raise_for_status().text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def metric(url, name, **labels):
    return sum(
        value
        for (found, given), value in samples(url).items()
        if found == name and labels.items() <= dict(given).items()
    )


def counters(found):
    """Those of `samples` that may never go backwards."""
    return {
        series: value
        for series, value in found.items()
        if series[0].endswith(("_total", "_count", "_sum", "_bucket"))
    }
