"""Rows are kept a little later, and what can not be kept is counted."""

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from models import loan_default, sentiment
from models._contract import Policy
from monitoring import keeper
from monitoring.keeper import Keeper, Kind
from monitoring.kept import Caps, Kept
from monitoring.kinds import private_fields

CAPS = Caps(10**9, 400)
LOANS = Kind("loan_default", "v1", "default_probability", 0.2, frozenset())


@pytest.fixture
def counted():
    return Counter()


@pytest.fixture
def make(tmp_path, counted):
    made = []

    def count(model, rows, lost):
        counted["kept"] += rows
        counted["lost"] += lost

    def make(file=tmp_path / "kept.db"):
        made.append(Keeper(file, CAPS, count))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def answers(contract, chances):
    import numpy as np

    rows = contract.EXAMPLE[: len(chances)]
    table = np.array([[1 - each, each] for each in chances])
    return rows, contract.predictions(rows, table, Policy(threshold=0.2))


def test_what_is_answered_is_in_the_file(make, tmp_path, counted):
    keeper = make()
    keeper.add(LOANS, "one", *answers(loan_default, [0.1, 0.7]))
    keeper.flush()
    found = Kept(tmp_path / "kept.db").period("loan_default", "v1", 0, 1e12)

    assert found.scores.tolist() == [0.1, 0.7]
    assert [json.loads(each)["state"] for each in found.fields] == ["FL", "ND"]
    assert counted == {"kept": 2, "lost": 0}


def test_private_fields_are_never_in_the_file(make, tmp_path):
    kind = Kind("sentiment", "v1", "positive_probability", 0.5, private_fields(sentiment.ROW))
    keeper = make()
    keeper.add(kind, "one", *answers(sentiment, [0.9]))
    keeper.flush()

    assert Kept(tmp_path / "kept.db").period("sentiment", "v1", 0, 1e12).fields == ["{}"]
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Great value" not in content


def test_an_outcome_told_at_once_finds_its_prediction(make):
    keeper = make()
    keeper.add(LOANS, "one", *answers(loan_default, [0.1, 0.7]))

    assert keeper.learn("loan_default", [("one", 1, True)]) == ["accepted"]


@pytest.mark.parametrize("broken", ["no folder", "no database"])
def test_a_file_that_can_not_be_used_costs_rows_and_is_told_once(make, tmp_path, counted, broken):
    file = tmp_path / "there" / "kept.db"
    if broken == "no database":
        file.parent.mkdir()
        file.write_bytes(b"something else entirely, and long enough to be looked at" * 50)
    with capture_logs() as logs:
        keeper = make(file)
        for _ in range(3):
            keeper.add(LOANS, "one", *answers(loan_default, [0.1, 0.7]))
            keeper.flush()

    assert counted == {"kept": 0, "lost": 6}
    assert [each["event"] for each in logs] == ["predictions_not_kept"]


def test_rows_are_kept_again_when_the_file_can_be_used_again(make, tmp_path, counted):
    keeper = make(tmp_path / "there" / "kept.db")
    keeper.add(LOANS, "one", *answers(loan_default, [0.1]))
    keeper.flush()
    (tmp_path / "there").mkdir()
    keeper.add(LOANS, "two", *answers(loan_default, [0.1]))
    keeper.flush()

    assert counted == {"kept": 1, "lost": 1}


def test_what_waits_is_bounded(make, counted, monkeypatch):
    monkeypatch.setattr(keeper, "MOST_WAITING", 4)
    monkeypatch.setattr(keeper, "PAUSE_SECONDS", 60)
    writer = make()
    for _ in range(5):
        writer.add(LOANS, "one", *answers(loan_default, [0.1, 0.7]))

    assert counted["lost"] == 6


FULL = """
import resource, signal, sys, time
from pathlib import Path
from monitoring.keeper import Keeper, Kind
from monitoring.kept import Caps
from models import loan_default
import numpy as np
from models._contract import Policy
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
lost = []
keeper = Keeper(Path(sys.argv[1]), Caps(10**9, 400), lambda model, kept, lost_: lost.append(lost_))
kind = Kind("loan_default", "v1", "default_probability", 0.2, frozenset())
rows = loan_default.EXAMPLE * 256
answers = loan_default.predictions(rows, np.full((512, 2), 0.5), Policy())
keeper.add(kind, "before", rows, answers)
keeper.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
for number in range(5):
    keeper.add(kind, f"full{number}", rows, answers)
    keeper.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(sum(lost))
keeper.add(kind, "after", rows, answers)
keeper.flush()
keeper.stop()
"""


def test_a_full_disk_costs_rows_and_not_the_file(tmp_path):
    """The system refuses to let the file grow, as a full disk does."""
    file = tmp_path / "kept.db"
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", FULL, str(file)]
    done = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True)
    found = Kept(file, CAPS).period("loan_default", "v1", 0, 1e12)

    lost = int(done.stdout.splitlines()[-1])
    assert lost > 0
    assert len(found.scores) + lost == 7 * 512
    assert sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone() == ("ok",)
