import pytest

from monitoring.words import HEAD_CHARACTERS, unknown_share, vocabulary, words


def test_words_are_told_apart_by_neither_case_nor_punctuation():
    assert words("It works. It WORKS, it's great!") == {"it", "works", "s", "great"}


def test_only_the_head_of_a_text_is_read():
    assert words("a" * HEAD_CHARACTERS + " tail") == {"a" * HEAD_CHARACTERS}


@pytest.mark.parametrize(
    ("text", "share"), [("good dog", 0.0), ("good cat", 0.5), ("cat", 1.0), ("!!!", 1.0)]
)
def test_the_share_of_words_that_training_did_not_know(text, share):
    assert unknown_share(words(text), {"good", "dog"}) == share


def test_a_text_of_training_is_asked_after_the_words_of_the_others():
    """Else no text of training would have an unknown word, and each new one would be drift."""
    known, unknown = vocabulary(["good dog", "good cat", "dog"])

    assert known == ("cat", "dog", "good")
    assert unknown == [0.0, 0.5, 0.0]


def test_only_so_many_words_are_kept_the_most_frequent(monkeypatch):
    monkeypatch.setattr("monitoring.words.MOST_WORDS", 1)

    known, unknown = vocabulary(["good dog", "good cat"])

    assert known == ("good",)
    assert unknown == [0.5, 0.5]
