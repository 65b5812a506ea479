import pytest

from benchmarks import environment


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.environment.WORK", tmp_path / "work")
    return tmp_path / "work"


def test_what_a_benchmark_makes_is_hidden_from_git(work):
    environment.work_folder("logs")

    assert (work / ".gitignore").read_text() == "*\n"


@pytest.mark.usefixtures("work")
def test_two_benchmarks_do_not_measure_each_other():
    with (
        environment.alone(),
        pytest.raises(environment.BusyError, match="another benchmark"),
        environment.alone(),
    ):
        pass


@pytest.mark.usefixtures("work")
def test_the_next_one_may_start_when_one_is_done():
    with environment.alone():
        pass
    with environment.alone():
        pass
