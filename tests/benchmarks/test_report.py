from benchmarks import report
from benchmarks.environment import ROOT
from benchmarks.workload import WORKLOADS


def test_a_page_has_ratios_numbers_losses_and_method(measurement, results):
    page = report.page(results(measurement(rate=900.0), measurement("mosec", rate=300.0)))

    assert "| breast_cancer, single rows, 32 connections | 3x |" in page
    assert "| Tabento | 900 |" in page
    for heading in ("## Targets", "## Where Tabento loses", "## How it was measured"):
        assert heading in page


def test_every_workload_finds_its_place(measurement, results):
    page = report.page(results(*(measurement(workload=each.name) for each in WORKLOADS)))

    for workload in WORKLOADS:
        if workload.shape == "closed":
            assert f"## {workload.title}" in page


def test_an_open_loop_shows_what_was_reached_and_what_it_cost(measurement, results):
    extra = {"meant_rate": 50.0, "generator_late_p99": 0.5}
    costs = {"p50": 1.0, "p99": 2.0, "p999": 3.0, "cpu_us": 80.0, "rss_mb": 400.0}
    found = measurement(workload="open_50", rate=49.0, extra=extra, **costs)

    line = "| Tabento | 0.5x | 50 | 49 | 1 | 2 | 3 | 80 | 400 | 0 | 0.5 |"
    assert line in report.page(results(found))


def test_an_overload_tells_late_answers_from_refusals_and_losses(measurement, results):
    rates = {"in_time": 90.0, "late": 4.0, "refused": 5.0, "failed": 1.0}
    costs = {"p50": 1.0, "p99": 2.0, "p999": 3.0, "cpu_us": 80.0, "rss_mb": 400.0}
    extra = {"capacity": 99.0, "goodput": 0.9, **rates}
    found = measurement(workload="overload_2", extra=extra, **costs)

    line = "| Tabento | 512 | 99 | 0.9 | 90 | 4 | 5 | 1 | 1 | 2 | 3 | 80 | 400 |"
    assert line in report.page(results(found))


def test_a_page_says_how_long_the_run_took(measurement, results):
    assert "2026-11-21T00:30:00+00:00: 30 minutes" in report.page(results(measurement()))


def test_a_page_shows_the_libraries_of_each_peer(measurement, results):
    known = results(measurement())
    known.facts["libraries"] = {"mosec": {"python": "3.11.7", "mosec": "0.9", "numpy": "2.0"}}

    assert "| mosec | 3.11.7 | mosec 0.9 | its own | - | 2.0 | - | - |" in report.page(known)


def test_results_of_before_libraries_were_kept_still_make_a_page(measurement, results):
    old = results(measurement())
    old.facts.pop("libraries", None)

    assert "What runs in each environment" not in report.page(old)


def test_a_quick_run_says_so(measurement, results):
    quick = results(measurement())
    quick.facts["quick"] = True

    assert "A quick run" in report.page(quick)


def test_a_peer_that_failed_is_named(measurement, results):
    failed = results(measurement())
    failed.failures["mosec"] = "mosec ended with 1"

    assert "Not measured to the end: mosec: mosec ended with 1" in report.page(failed)


def test_a_page_names_no_folder_of_the_machine(measurement, results):
    assert str(ROOT) not in report.page(results(measurement()))


def test_results_survive_being_written_and_read(measurement, results, tmp_path):
    written = results(measurement(extra={"goodput": 0.9}), measurement("mosec"))
    written.write(tmp_path / "results.json")

    assert type(written).read(tmp_path / "results.json") == written
