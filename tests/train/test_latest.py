import time

import bentoml
import pytest

from train.latest import passed, point_latest


@pytest.fixture
def stored(store):
    def _stored(gate):
        with bentoml.models.create("sentiment", labels={"gate": gate}) as model:
            pass
        time.sleep(0.001)  # a later model has a later time
        point_latest("sentiment")
        return str(model.tag)

    return _stored


def latest():
    return str(bentoml.models.get("sentiment:latest").tag)


def test_the_newest_that_passed_is_the_latest(stored):
    stored("passed")
    newest = stored("passed")

    assert latest() == newest


def test_one_that_failed_is_never_the_latest_where_another_passed(stored):
    good = stored("passed")
    stored("failed")
    stored("failed")

    assert latest() == good


def test_one_that_passes_after_one_that_failed_is_the_latest(stored):
    stored("failed")
    good = stored("passed")

    assert latest() == good


def test_those_that_passed_are_listed_newest_first(stored):
    first = stored("passed")
    stored("failed")
    second = stored("passed")

    assert passed("sentiment") == [second, first]


def test_an_empty_store_has_none(store):
    assert passed("sentiment") == []
    point_latest("sentiment")
