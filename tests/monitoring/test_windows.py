import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import windows
from monitoring.windows import Windows

NOON = 1_795_262_400.0
MINUTE, HOUR, DAY = 60, 3_600, 86_400
# A worker that counts, says so, and waits to be killed.
WORKER = """
import sys, time, numpy as np
from pathlib import Path
from monitoring.windows import Windows
table = Windows(3, Path(sys.argv[1]), "drift-x")
table.add(np.array([1, 0, 2]), float(sys.argv[2]))
print("counted", flush=True)
time.sleep(60)
"""


def counts(*cells):
    return np.array(cells, np.int64)


def total(table, window, now=NOON):
    return table.seen(window, now).counts.tolist()


@pytest.mark.parametrize(
    ("age", "hour", "day"),
    [(0, 1, 1), (59 * MINUTE, 1, 1), (61 * MINUTE, 0, 1), (23 * HOUR, 0, 1), (25 * HOUR, 0, 0)],
)
def test_what_is_older_than_a_window_has_left_it(age, hour, day):
    table = Windows(1, None, "x")
    table.add(counts(1), NOON - age)

    assert [total(table, window) for window in ("hour", "day", "start")] == [[hour], [day], [1]]


def test_a_line_of_the_ring_is_used_again_from_zero():
    table = Windows(1, None, "x")
    for hours in range(30):
        table.add(counts(1), NOON + hours * HOUR)

    now = NOON + 29 * HOUR
    assert [total(table, window, now) for window in ("hour", "day", "start")] == [[2], [25], [30]]


def test_a_window_says_since_when_it_counts():
    table = Windows(1, None, "x")
    assert table.seen("hour", NOON).since is None

    table.add(counts(1), NOON - 125)
    table.add(counts(1), NOON)

    assert table.seen("hour", NOON).since.timestamp() == NOON - 180
    assert table.seen("start", NOON).since.timestamp() == NOON - 125
    assert table.seen("start", NOON).until.timestamp() == NOON


def test_a_clock_set_back_costs_nothing():
    table = Windows(1, None, "x")
    for now in (NOON, NOON - 90, NOON):
        table.add(counts(1), now)

    assert total(table, "hour") == total(table, "start") == [3]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 59 * MINUTE), st.integers(0, 9)), max_size=30
    )
)
def test_it_does_not_matter_who_counted(tmp_path_factory, events):
    folder = tmp_path_factory.mktemp("counts")
    workers = [Windows(2, folder, "x") for _ in range(4)]
    alone = Windows(2, None, "x")
    for worker, age, rows in events:
        for table in (workers[worker], alone):
            table.add(counts(rows, 1), NOON - age)

    for window in ("hour", "day", "start"):
        assert total(workers[0], window) == total(alone, window)
        assert workers[3].seen(window, NOON).since == alone.seen(window, NOON).since


def test_workers_have_tables_of_their_own_and_see_all(tmp_path):
    first, second = (Windows(2, tmp_path, "x") for _ in range(2))
    first.add(counts(1, 0), NOON)
    second.add(counts(0, 5), NOON)

    assert total(first, "hour") == total(second, "hour") == [1, 5]
    assert len(list(tmp_path.iterdir())) == 2


def test_who_counts_otherwise_is_not_added(tmp_path):
    """Another model, or another version of it with other bins."""
    first, second = Windows(1, tmp_path, "drift-a-1"), Windows(1, tmp_path, "drift-a-2")
    first.add(counts(1), NOON)

    assert total(second, "start") == [0]


def test_a_table_that_is_just_being_made_is_passed_over(tmp_path):
    table = Windows(1, tmp_path, "x")
    (tmp_path / "x.9.counts").write_bytes(b"")
    (tmp_path / "x.8.counts").write_bytes(bytes(100))
    table.add(counts(1), NOON)

    assert total(table, "hour") == [1]


@pytest.fixture
def worker(tmp_path):
    command = [sys.executable, "-c", WORKER, str(tmp_path), str(NOON)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "counted\n"
        yield process
        process.kill()


def test_what_a_killed_worker_counted_stays_and_its_table_is_taken_over(tmp_path, worker):
    survivor = Windows(3, tmp_path, "drift-x")
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    assert total(survivor, "hour") == [1, 0, 2]
    successor = Windows(3, tmp_path, "drift-x")
    successor.add(counts(1, 1, 1), NOON)
    assert total(survivor, "hour") == total(successor, "hour") == [2, 1, 3]
    assert len(list(tmp_path.iterdir())) == 2
    assert total(survivor, "hour", NOON + 2 * HOUR) == [0, 0, 0]


def test_on_a_full_disk_a_worker_counts_for_itself(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(windows, "_fill", full)
    table = Windows(1, tmp_path, "x")
    table.add(counts(1), NOON)

    assert total(table, "hour") == [1]


def test_so_does_one_that_may_not_write(tmp_path):
    table = Windows(1, tmp_path / "missing", "x")
    table.add(counts(1), NOON)

    assert total(table, "hour") == [1]


def test_there_are_only_so_many_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(windows, "MOST_WORKERS", 1)
    first, second = (Windows(1, tmp_path, "x") for _ in range(2))
    first.add(counts(1), NOON)
    second.add(counts(1), NOON)

    assert total(first, "hour") == [1]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_table_is_as_large_as_stated(tmp_path):
    """Thirty numbers of twelve bins, ten of the score, forty of the grid, three sums."""
    Windows(30 * 12 + 10 + 40 + 3, tmp_path, "x")
    (file,) = tmp_path.iterdir()

    assert file.stat().st_size < 0.55e6
