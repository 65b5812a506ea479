"""The predictions file: added to only, small, shared, and never the end of a prediction."""

import multiprocessing
import sqlite3
import time

import pytest

from monitoring.kept import Caps, Kept

CAPS = Caps(10**9, 400)


def line(number=0, at=None, request_id="a", score=0.4):
    at = time.time() if at is None else at
    return (at, "loans", "v1", request_id, number, score, score >= 0.5, '{"amount": 1}')


@pytest.fixture
def file(tmp_path):
    return tmp_path / "kept.db"


@pytest.fixture
def kept(file):
    kept = Kept(file, CAPS)
    yield kept
    kept.close()


def test_outcomes_are_taken_once_and_repeats_add_nothing(kept):
    kept.write([line(0), line(1)])
    told = [("a", 0, True), ("a", 1, False), ("b", 0, True)]

    assert kept.learn("loans", told, 5.0) == ["accepted", "accepted", "unknown"]
    assert kept.learn("loans", told, 6.0) == ["repeated", "repeated", "unknown"]
    assert kept.changes() == 2


def test_a_corrected_outcome_counts_and_the_old_one_stays(file, kept):
    kept.write([line(0)])
    kept.learn("loans", [("a", 0, True)], 5.0)

    assert kept.learn("loans", [("a", 0, False)], 6.0) == ["changed"]
    assert kept.judged("loans", "v1", 0, 1e12).positive.tolist() == [False]
    assert sqlite3.connect(file).execute("SELECT count(*) FROM outcomes").fetchone() == (2,)


def test_an_outcome_belongs_to_one_model(kept):
    kept.write([line(0)])

    assert kept.learn("reviews", [("a", 0, True)], 5.0) == ["unknown"]


def test_the_last_use_of_an_id_is_meant(kept):
    kept.write([line(score=0.1), line(score=0.9)])
    kept.learn("loans", [("a", 0, True)], 5.0)

    assert kept.judged("loans", "v1", 0, 1e12).scores.tolist() == [0.9]


def test_what_is_too_old_goes_with_its_outcomes(file, kept):
    kept.write([line(at=time.time() - 500 * 86_400), line(request_id="b")])
    kept.learn("loans", [("a", 0, True)], 5.0)

    assert kept.prune(time.time()) == 1
    assert kept.period("loans", "v1", 0, 1e12).requests == 1
    assert kept.learn("loans", [("a", 0, True), ("b", 0, True)], 5.0) == ["unknown", "accepted"]


def test_the_file_stays_below_its_cap_and_the_newest_rows_stay(file):
    kept = Kept(file, Caps(1_000_000, 400))
    for batch in range(40):
        kept.write(line(number, request_id=f"{batch}-{'x' * 80}") for number in range(512))
        kept.prune(time.time())
    kept.close()

    assert file.stat().st_size < 1_200_000
    newest = [("39-" + "x" * 80, 511, True)]
    assert Kept(file, CAPS).learn("loans", newest, 5.0) == ["accepted"]


def _fill(file, worker):
    kept = Kept(file, CAPS)
    for batch in range(20):
        kept.write(line(number, request_id=f"{worker}-{batch}") for number in range(50))
    kept.close()


def test_several_processes_write_one_file(file):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(file, worker)) for worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert Kept(file).period("loans", "v1", 0, 1e12).requests == 60
    assert len(Kept(file).period("loans", "v1", 0, 1e12).scores) == 3_000


def test_only_its_owner_may_read_the_file(file, kept):
    assert file.stat().st_mode & 0o077 == 0
