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
