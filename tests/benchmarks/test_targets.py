import pytest

from benchmarks import targets
from benchmarks.summary import Summary
from benchmarks.targets import Target
from benchmarks.workload import STANDARD


@pytest.mark.parametrize(
    ("found", "least", "reached"),
    [(2.0, True, True), (1.9, True, False), (2.1, False, False), (2.0, False, True)],
)
def test_a_target_is_a_floor_or_a_ceiling(found, least, reached):
    assert Target("x", 2.0, found, least=least).reached is reached


def test_a_target_that_was_not_measured_is_neither_reached_nor_missed():
    assert Target("x", 2.0, None).reached is None


def test_a_rate_target_is_a_ratio_of_the_standard_workload(measurement, results):
    summary = Summary(results(measurement(rate=26.0), measurement("mosec", rate=20.0)))

    found = {target.text: target.found for target in targets.of(summary)}
    assert found["requests/s, times that of mosec"] == pytest.approx(1.3)


def test_after_a_burst_a_lone_request_is_compared_with_itself(measurement, results):
    burst = measurement(workload="after_burst", p50=0.3, extra={"before_p50": 0.2})

    found = {target.text: target.found for target in targets.of(Summary(results(burst)))}
    assert found["a lone request's p50 after a burst, times before"] == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("pinning", "wanted", "found"),
    [
        ("server and load generator share all cores", 1.05, 1.0),
        ("server on core 0, 1, load generator on core 2", 1.7, 1.9),
    ],
)
def test_two_workers_are_judged_by_their_cost_where_cores_are_shared(
    measurement, results, pinning, wanted, found
):
    one = measurement(workload=STANDARD, rate=10.0, cpu_us=100.0)
    two = measurement(workload="two_workers", rate=19.0, cpu_us=100.0)

    target = targets.of(Summary(results(one, two, pinning=pinning)))[-1]
    assert target.wanted == wanted
    assert target.found == pytest.approx(found)


@pytest.mark.parametrize(
    ("workload", "word"), [("overload_2", "twice"), ("overload_10", "ten times")]
)
def test_goodput_is_judged_at_both_crowds(measurement, results, workload, word):
    crowd = measurement(workload=workload, extra={"goodput": 0.95})

    judged = {target.text: target for target in targets.of(Summary(results(crowd)))}
    found = judged[f"goodput with {word} the crowd, as a share of capacity"]
    assert (found.wanted, found.found, found.reached) == (0.9, 0.95, True)
