import pytest

from models import sentiment as contract
from models.sentiment import EXAMPLE
from train import sentiment, sentiment_data
from train.evaluate import judge
from train.recipe import Order
from train.source import SourceError


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "reviews.tsv"

    def _labelled(*lines):
        path.write_text("".join(f"{text}\t{label}\n" for text, label in lines))
        return Order(data=path)

    return _labelled


GOOD, BAD = (
    ("splendid", "wonderful", "gorgeous", "superb"),
    ("dreadful", "horrible", "lousy", "awful"),
)


def reviews(n):
    """No word alone tells enough of the outcome to be taken for a leak."""
    return [
        (f"{words[i % 4]} thing number {i}", label)
        for label, words in ((1, GOOD), (0, BAD))
        for i in range(n)
    ]


def test_the_built_in_phrases_pass_their_gate_and_are_called_synthetic(phrases):
    assert judge(phrases).failures == []
    assert phrases.data.synthetic


def test_the_examples_get_the_label_that_anyone_would_give(phrases):
    assert [each.label for each in phrases.runner.predict(EXAMPLE)] == ["positive", "negative"]


def test_the_vectoriser_has_seen_the_training_part_only(phrases):
    """Its vocabulary is made of the training texts, and all texts would make another."""
    trained = contract.features(phrases.parts["train"].rows)
    every = contract.features(sentiment_data.built_in().texts)
    vocabulary = set(phrases.runner.estimator.preprocessor.vocabulary_)

    assert vocabulary == set(sentiment._vectoriser().fit(trained).vocabulary_)
    assert vocabulary != set(sentiment._vectoriser().fit(every).vocabulary_)


def test_no_text_is_both_learned_and_held_out(phrases):
    parts = [{row.text for row in part.rows} for part in phrases.parts.values()]

    assert not set.intersection(*parts)


def test_a_labelled_file_is_learned_and_what_is_dropped_is_counted(labelled):
    order = labelled(*reviews(40), ("no label", "?"), reviews(1)[0])
    outcome = sentiment.train(order, lambda *_: None)

    assert judge(outcome).metrics["test_accuracy"] == 1
    assert outcome.data.rows == {"train": 64, "test": 16}
    assert sum(outcome.data.dropped.values()) == 2
    assert not outcome.data.synthetic


def test_a_file_of_the_users_meets_the_higher_gate(labelled, phrases):
    outcome = sentiment.train(labelled(*reviews(40)), lambda *_: None)

    assert outcome.gate.floors["test_roc_auc"] > phrases.gate.floors["test_roc_auc"]


def test_a_labelled_files_model_is_refused_for_probabilities_that_are_far_off(labelled):
    gate = sentiment.train(labelled(*reviews(40)), lambda *_: None).gate
    held_out = {"cv_roc_auc_mean": 0.9, "test_roc_auc": 0.9, "test_accuracy": 0.8}

    assert gate.check(held_out | {"test_brier": 0.14, "test_calibration_error": 0.06}) == []
    assert len(gate.check(held_out | {"test_brier": 0.3, "test_calibration_error": 0.3})) == 2


def test_what_is_compared_has_the_fingerprint_of_what_is_trained_on_a_folder_as_well(tmp_path):
    lines = [f"{text}\t{label}\n" for text, label in reviews(60)]
    (tmp_path / "a.tsv").write_text("".join(lines[::2]))
    (tmp_path / "b.tsv").write_text("".join(lines[1::2]))
    order = Order(data=tmp_path)

    trained = sentiment.train(order, lambda *_: None).data.fingerprint
    assert sentiment.checked(order).fingerprint == trained


def test_too_few_rows_of_a_label_are_refused(labelled):
    with pytest.raises(SourceError, match=r"reviews.tsv holds 19 positive and 19 negative rows"):
        sentiment.train(labelled(*reviews(19)), lambda *_: None)


def test_another_seed_holds_out_other_rows(phrases):
    other = sentiment.train(Order(seed=1), lambda *_: None)
    held_out = [outcome.parts["test"].rows for outcome in (phrases, other)]

    assert held_out[0] != held_out[1]
