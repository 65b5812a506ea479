from pathlib import Path

import bentoml
import pytest

from train.__main__ import main

GOOD, BAD = ("good", "lovely", "fine", "great"), ("bad", "nasty", "poor", "awful")


def write(path, n, shift=0):
    """Reviews of which no single word gives the outcome away."""
    lines = [
        f"the {words[i % 4]} thing number {i + shift}\t{label}"
        for label, words in ((1, GOOD), (0, BAD))
        for i in range(n)
    ]
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture
def new(tmp_path):
    return write(tmp_path / "new.tsv", 150)


def tags():
    return [str(model.tag) for model in bentoml.models.list()]


def test_retraining_shows_the_drift_trains_and_saves_what_is_better(store, new, capsys):
    main(["sentiment"])
    before = tags()

    assert main(["retrain", "sentiment", "--data", new]) == 0
    shown = capsys.readouterr().out
    assert len(tags()) == len(before) + 1
    assert "against sentiment:" in shown
    assert str(bentoml.models.get("sentiment:latest").tag) not in before


def test_retraining_refuses_a_model_that_is_worse_than_the_stored_one(store, tmp_path, new, capsys):
    """The same texts with labels that mean nothing."""
    assert main(["retrain", "sentiment", "--data", new]) == 0
    (good,) = tags()
    lines = Path(new).read_text().splitlines()
    noisy = [line[:-1] + str(index // 4 % 2) for index, line in enumerate(lines)]
    (tmp_path / "noisy.tsv").write_text("\n".join(noisy))

    assert main(["retrain", "sentiment", "--data", str(tmp_path / "noisy.tsv")]) == 1
    assert tags() == [good]
    assert "refused by its gate" in capsys.readouterr().out


def test_retraining_needs_a_file(capsys):
    with pytest.raises(SystemExit):
        main(["retrain", "sentiment"])
    assert "--data" in capsys.readouterr().err


def test_comparing_shows_every_candidate_on_the_same_folds_and_saves_nothing(store, new, capsys):
    assert main(["compare", "sentiment", "--data", new]) == 0
    shown = capsys.readouterr().out

    assert all(
        word in shown
        for word in ("logistic regression", "random forest", "gradient boosting", "best")
    )
    assert tags() == []


@pytest.mark.parametrize("command", ["compare", "curve"])
def test_a_leak_is_refused_before_anything_is_compared(command, tmp_path, capsys):
    lines = [f"{'yes' if i % 2 else 'no'} thing {i}\t{i % 2}" for i in range(200)]
    (tmp_path / "leak.tsv").write_text("\n".join(lines))

    assert main([command, "sentiment", "--data", str(tmp_path / "leak.tsv")]) == 2
    assert "alone reaches a ROC-AUC of 1.000" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["compare", "curve"])
def test_too_few_rows_are_refused_before_anything_is_compared(command, tmp_path, capsys):
    few = write(tmp_path / "few.tsv", 3)

    assert main([command, "sentiment", "--data", few]) == 2
    assert "holds 3 positive and 3 negative rows" in capsys.readouterr().err


def test_the_curve_is_of_the_kind_of_model_that_is_served(new, capsys):
    assert main(["curve", "sentiment", "--data", new]) == 0
    assert "sentiment: logistic regression" in capsys.readouterr().out


def test_the_threshold_follows_from_the_costs_on_the_command_line(store):
    main(["sentiment", "--cost-false-negative", "3"])
    stored = bentoml.models.get("sentiment:latest")

    assert '"threshold": 0.25' in Path(stored.path_of("manifest.json")).read_text()


def test_a_budget_of_time_is_spent_on_better_settings(store, capsys):
    assert main(["sentiment", "--budget", "0.01"]) == 0
    assert "settings tried" in capsys.readouterr().out


def test_a_leak_in_the_users_file_ends_with_2_and_names_it(store, tmp_path, capsys):
    lines = [f"{'yes' if i % 2 else 'no'} thing {i}\t{i % 2}" for i in range(200)]
    (tmp_path / "leak.tsv").write_text("\n".join(lines))

    assert main(["sentiment", "--data", str(tmp_path / "leak.tsv")]) == 2
    assert "alone reaches a ROC-AUC of 1.000" in capsys.readouterr().err
    assert tags() == []


def test_the_leak_demonstration_is_of_loans_only(capsys):
    with pytest.raises(SystemExit):
        main(["sentiment", "--leak-demo"])
    assert "loan_default" in capsys.readouterr().err
