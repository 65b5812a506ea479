import pytest

from benchmarks.machine import Pinning, pinned


@pytest.fixture
def cores(monkeypatch):
    """Say how many cores there are, and that taskset is installed."""

    def have(count):
        cores = set(range(count))
        monkeypatch.setattr("os.sched_getaffinity", lambda _: cores, raising=False)
        monkeypatch.setattr("shutil.which", lambda _: "taskset")

    return have


def test_a_worker_gets_a_core_and_the_generator_what_is_left(cores):
    cores(4)

    assert Pinning.of(1) == Pinning((0,), (1, 2, 3))
    assert Pinning.of(2) == Pinning((0, 1), (2, 3))


def test_nobody_is_pinned_where_the_generator_would_have_no_core(cores):
    cores(2)

    assert Pinning.of(2) == Pinning((), ())
    assert "share" in str(Pinning.of(2))


def test_nobody_is_pinned_without_taskset(cores, monkeypatch):
    cores(4)
    monkeypatch.setattr("shutil.which", lambda _: None)

    assert Pinning.of(1) == Pinning((), ())


def test_a_command_is_kept_on_its_cores():
    assert pinned((0, 2)) == ["taskset", "--cpu-list", "0,2"]
    assert pinned(()) == []
