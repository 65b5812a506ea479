"""Which model is served: the one that is named, and never one that failed in silence."""

from types import SimpleNamespace

import bentoml
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models import ModelStore

from serving import store
from serving.artifact import ArtifactError
from tests.store import copy_of


@pytest.fixture
def models(home, tmp_path, monkeypatch):
    """Where each model lies, in a store of the test's own."""
    monkeypatch.delenv("TABENTO_SENTIMENT_TAG", raising=False)
    copy, models = copy_of(home, tmp_path / "store")
    BentoMLContainer.model_store.set(ModelStore(copy / "models"))
    yield models
    BentoMLContainer.model_store.reset()


@pytest.fixture
def older(models):
    """The tag of a second version of the same model, which is not the latest."""
    version = models["sentiment"].name
    older = models["sentiment"].with_name("a" * 16)
    older.mkdir()
    for file in models["sentiment"].iterdir():
        text = file.read_bytes().replace(version.encode(), older.name.encode())
        (older / file.name).write_bytes(text)
    return f"sentiment:{older.name}"


def built_with(tag):
    """A Bento, as far as it tells of its models."""
    models = [SimpleNamespace(tag=bentoml.Tag.from_str(tag))]
    return SimpleNamespace(info=SimpleNamespace(all_models=models))


def failed(folder):
    facts = folder / "model.yaml"
    facts.write_text(facts.read_text().replace("gate: passed", "gate: failed"))


def test_outside_a_bento_the_latest_is_served(models, older):
    assert store.find("sentiment", None).tag.version == models["sentiment"].name


def test_a_bento_serves_what_it_was_built_with(older):
    assert str(store.find("sentiment", built_with(older)).tag) == older


def test_the_operator_has_the_last_word(models, older, monkeypatch):
    latest = f"sentiment:{models['sentiment'].name}"
    monkeypatch.setenv("TABENTO_SENTIMENT_TAG", latest)

    assert str(store.find("sentiment", built_with(older)).tag) == latest


@pytest.mark.parametrize("tag", ["sentiment:nosuchversion", "nosuchmodel:latest"])
def test_what_is_not_there_is_missed_with_the_command_that_makes_it(models, monkeypatch, tag):
    monkeypatch.setenv("TABENTO_SENTIMENT_TAG", tag)

    with pytest.raises(ArtifactError, match=f"{tag} is not in the model store. Train it with `py"):
        store.find("sentiment", None)


@pytest.mark.parametrize("tag", [":::", "../../etc", "sentiment:../../etc", "sentiment:A b", " "])
def test_what_is_no_tag_is_refused_in_one_sentence(models, monkeypatch, tag):
    monkeypatch.setenv("TABENTO_SENTIMENT_TAG", tag)

    with pytest.raises(ArtifactError, match="is no tag of a model"):
        store.find("sentiment", None)


def test_a_model_that_failed_its_gate_is_not_served_because_it_is_the_latest(models):
    failed(models["sentiment"])

    with pytest.raises(ArtifactError, match=r"failed its gate.*TABENTO_SENTIMENT_TAG=sentiment:"):
        store.find("sentiment", None)


def test_a_model_that_failed_its_gate_is_served_to_whoever_names_it(models, monkeypatch):
    failed(models["sentiment"])
    tag = f"sentiment:{models['sentiment'].name}"
    monkeypatch.setenv("TABENTO_SENTIMENT_TAG", tag)

    assert str(store.find("sentiment", None).tag) == tag


def test_a_tag_for_no_model_is_refused_and_those_that_can_be_named_are_told(monkeypatch):
    """Who mistypes it would roll back nothing, and not know it."""
    monkeypatch.setenv("TABENTO_SENTIMENT_TAG", "sentiment:older")
    store.check_tags(["sentiment", "loan_default"])
    monkeypatch.setenv("TABENTO_LOAN_DEFALT_TAG", "loan_default:older")

    says = "unknown setting TABENTO_LOAN_DEFALT_TAG;.* TABENTO_LOAN_DEFAULT_TAG, TABENTO_SENTIMENT"
    with pytest.raises(ArtifactError, match=says):
        store.check_tags(["sentiment", "loan_default"])
