from benchmarks.summary import Summary
from benchmarks.workload import STANDARD


def test_a_value_is_the_median_of_the_rounds(measurement, results):
    rounds = [measurement(round=number, rate=rate) for number, rate in enumerate((1, 9, 3))]

    assert Summary(results(*rounds)).value("tabento", STANDARD, "rate") == 3


def test_a_ratio_is_taken_within_each_round(measurement, results):
    """A slow minute of the machine slows both, and leaves their ratio alone."""
    ours = [measurement(round=number, rate=rate) for number, rate in enumerate((100, 10, 200))]
    theirs = [
        measurement("mosec", round=number, rate=rate) for number, rate in enumerate((50, 5, 40))
    ]

    assert Summary(results(*ours, *theirs)).ratio("mosec", STANDARD) == 2


def test_what_was_not_measured_has_no_value_and_no_ratio(measurement, results):
    summary = Summary(results(measurement()))

    assert summary.value("mosec", STANDARD, "rate") is None
    assert summary.ratio("mosec", STANDARD) is None


def test_a_percentile_that_says_nothing_is_left_out_of_the_median(measurement, results):
    rounds = [measurement(round=1, p99=None), measurement(round=2, p99=5.0)]

    assert Summary(results(*rounds)).value("tabento", STANDARD, "p99") == 5


def test_what_only_one_kind_of_workload_measures_is_found_too(measurement, results):
    measured = measurement(workload="overload_10", extra={"goodput": 0.95})

    assert Summary(results(measured)).value("tabento", "overload_10", "goodput") == 0.95
