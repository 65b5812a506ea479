from pathlib import Path

import bentoml
import pytest

from serving.manifest import Manifest
from train import sentiment
from train.__main__ import main
from train.gate import Gate
from train.recipe import find, names


@pytest.fixture
def refuse(monkeypatch):
    """A gate that no model of the built-in phrases can pass."""
    return lambda: monkeypatch.setattr(
        sentiment, "BUILT_IN_GATE", Gate(floors={"test_accuracy": 1.01})
    )


def tags():
    return [str(model.tag) for model in bentoml.models.list()]


def manifest(name):
    stored = bentoml.models.get(name)
    return Manifest.model_validate_json(Path(stored.path_of("manifest.json")).read_bytes())


def test_every_model_has_a_recipe_of_its_name():
    assert {find(name).CONTRACT.NAME for name in names()} == set(names())


def test_the_named_model_is_trained_and_its_tag_shown(store, capsys):
    assert main(["sentiment"]) == 0

    (tag,) = tags()
    assert tag in capsys.readouterr().out


def test_all_models_are_trained_when_none_is_named(store, short):
    assert main([]) == 0
    assert {tag.partition(":")[0] for tag in tags()} == set(names())


def test_a_model_that_its_gate_refuses_is_not_saved_and_the_others_are(store, refuse, capsys):
    refuse()

    assert main(["sentiment", "breast_cancer"]) == 1
    assert [tag.partition(":")[0] for tag in tags()] == ["breast_cancer"]
    assert "should be at least 1.01" in capsys.readouterr().out


def test_force_saves_a_refused_model_and_leaves_latest_alone(store, refuse):
    main(["sentiment"])
    (good,) = tags()
    refuse()

    assert main(["sentiment", "--force"]) == 1
    assert len(tags()) == 2
    assert str(bentoml.models.get("sentiment:latest").tag) == good


def test_missing_trains_nothing_when_all_is_there(store, capsys):
    for name in names():
        with bentoml.models.create(name, labels={"gate": "passed"}):
            pass
    before = tags()

    assert main(["--missing"]) == 0
    assert tags() == before
    assert "Every model is in the store" in capsys.readouterr().out


def test_missing_trains_what_is_not_there_or_only_failed(store):
    with bentoml.models.create("sentiment", labels={"gate": "failed"}) as failed:
        pass

    assert main(["--missing", "sentiment"]) == 0
    assert set(tags()) > {str(failed.tag)}


def test_a_raw_file_with_class_weights_goes_all_the_way(store, short, sba_file):
    code = main(
        ["loan_default", "--data", str(sba_file), "--class-weights", "74.020,15.764", "--force"]
    )

    assert code in {0, 1}
    assert sum(manifest("loan_default").data.dropped.values()) == 7
    assert manifest("loan_default").metrics["test_base_rate"] == pytest.approx(0.176, abs=0.001)


def test_the_seed_is_recorded_and_makes_another_model(store):
    main(["sentiment", "--seed", "7"])
    other = manifest("sentiment")
    main(["sentiment"])

    assert (other.data.seed, manifest("sentiment").data.seed) == (7, 42)
    assert other.files["model.skops"] != manifest("sentiment").files["model.skops"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "there is no model nothing"),
        (["--data", "x"], "--data needs exactly one model"),
        (["sentiment", "loan_default", "--data", "x"], "--data needs exactly one model"),
        (["breast_cancer", "--data", "x"], "breast_cancer does not take --data"),
        (["sentiment", "--class-weights", "1,2"], "sentiment does not take --class-weights"),
        (["loan_default", "--class-weights", "1"], "invalid PAID,CHARGED_OFF value"),
        (["loan_default", "--class-weights", "1,nan"], "invalid PAID,CHARGED_OFF value"),
        (["loan_default", "--class-weights", "1,-2"], "invalid PAID,CHARGED_OFF value"),
        (["--seed", "-1"], "invalid seed value"),
    ],
)
def test_what_cannot_be_meant_ends_with_2_and_says_why(arguments, words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"", b"\x1f\x8bnot gzip", b"a,b\n1,2\n"])
def test_data_that_cannot_be_used_end_with_2_and_one_sentence(store, tmp_path, capsys, content):
    path = tmp_path / "loans.csv"
    if content is not None:
        path.write_bytes(content)

    assert main(["loan_default", "--data", str(path)]) == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith("python -m train: loans.csv ")
    assert tags() == []
