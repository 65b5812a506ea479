import pytest

from benchmarks import losses
from benchmarks.summary import Summary


def _losses(summary):
    """Of the workloads: starts and memory are the same in every test here."""
    return [each for each in losses.of(summary) if each.metric not in {"seconds", "rss_mb"}]


def test_a_peer_with_a_higher_rate_is_a_loss(measurement, results):
    found = _losses(Summary(results(measurement(rate=10.0), measurement("mosec", rate=20.0))))

    assert [(each.peer.name, each.metric, each.factor) for each in found] == [("mosec", "rate", 2)]


def test_a_peer_with_a_lower_latency_is_a_loss(measurement, results):
    ours, theirs = measurement(p50=3.0), measurement("mosec", p50=2.0)

    assert [each.factor for each in _losses(Summary(results(ours, theirs)))] == [1.5]


@pytest.mark.parametrize("theirs", [10.0, 10.2])
def test_less_than_the_machine_varies_by_is_no_loss(measurement, results, theirs):
    assert not _losses(Summary(results(measurement(rate=10.0), measurement("mosec", rate=theirs))))


def test_a_limit_is_no_rival(measurement, results):
    assert not _losses(Summary(results(measurement(rate=1.0), measurement("bare_asgi", rate=9.0))))


def test_a_slower_start_is_a_loss_and_the_worst_comes_first(measurement, results):
    found = losses.of(Summary(results(measurement(rate=1.0), measurement("mosec", rate=1.5))))

    assert [each.metric for each in found] == ["seconds", "rate"]
