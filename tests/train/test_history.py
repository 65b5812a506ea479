import time

import bentoml
import pytest

from train.__main__ import main
from train.history import HistoryError, history, promote, rollback
from train.latest import point_latest


@pytest.fixture
def stored(store):
    def _stored(gate="passed"):
        with bentoml.models.create("sentiment", labels={"gate": gate}) as model:
            pass
        time.sleep(0.001)  # a later model has a later time
        point_latest("sentiment")
        return str(model.tag)

    return _stored


def latest():
    return str(bentoml.models.get("sentiment:latest").tag)


def test_what_is_promoted_is_latest_until_something_newer_passes(stored):
    first, _ = stored(), stored()

    promote(first, why="the other one drifts")
    assert latest() == first

    newest = stored()
    assert latest() == newest


def test_a_model_that_fails_afterwards_does_not_undo_a_promotion(stored):
    first, _ = stored(), stored()
    promote(first, why="better")
    stored("failed")

    assert latest() == first


def test_rolling_back_goes_to_the_one_before_that_passed_each_time(stored):
    first, second = stored(), stored()
    stored("failed")
    stored()

    assert rollback("sentiment", why="complaints") == second
    assert rollback("sentiment", why="more complaints") == first
    with pytest.raises(HistoryError, match="no older version"):
        rollback("sentiment", why="even more")


def test_who_when_and_why_are_kept_with_the_model(stored):
    first, _ = stored(), stored()
    promote(first, why="the other one drifts", who="risk desk")

    newest, *_ = history("sentiment")

    assert (newest.tag, newest.what, newest.who) == (first, "promoted", "risk desk")
    assert newest.why == "the other one drifts"
    assert newest.current
    assert len(history("sentiment")) == 3


@pytest.mark.parametrize("gate", ["failed", "none of ours"])
def test_what_did_not_pass_is_not_promoted(stored, gate):
    good, bad = stored(), stored(gate)

    with pytest.raises(HistoryError, match="only a model that passed"):
        promote(bad, why="I like it")
    assert latest() == good


def test_what_is_not_there_is_not_promoted(store):
    with pytest.raises(HistoryError, match="is not in the model store"):
        promote("sentiment:nowhere", why="?")


def test_the_commands_do_the_same_and_history_shows_it(stored, capsys):
    first, second = stored(), stored()

    assert main(["rollback", "sentiment", "--why", "complaints", "--who", "me"]) == 0
    assert latest() == first
    assert main(["promote", second, "--why", "repaired"]) == 0
    assert latest() == second
    assert main(["history", "sentiment"]) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("complaints", "repaired", f"{second} *"))


def test_a_command_that_the_store_does_not_allow_ends_with_1_and_one_sentence(store, capsys):
    assert main(["rollback", "sentiment", "--why", "?"]) == 1
    assert "no older version" in capsys.readouterr().err


def test_a_change_without_a_reason_is_not_accepted(stored, capsys):
    with pytest.raises(SystemExit):
        main(["promote", stored()])
    assert "--why" in capsys.readouterr().err
