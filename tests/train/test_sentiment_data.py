import hashlib
import re

import pytest

from models import sentiment
from train import sentiment_data
from train.source import SourceError


@pytest.fixture
def write(tmp_path):
    def _write(text, name="reviews.txt"):
        path = tmp_path / name
        path.write_bytes(text.encode())
        return path

    return _write


def pairs(reviews):
    return [
        (review.text, bool(positive))
        for review, positive in zip(reviews.texts, reviews.positive, strict=True)
    ]


def test_tab_separated_lines_are_read(write):
    reviews = sentiment_data.read(write("Loved it.  \t1\nAwful, just awful.\t0\n"))

    assert pairs(reviews) == [("Loved it.", True), ("Awful, just awful.", False)]


def test_between_tabs_a_quote_is_a_character_like_any_other(write):
    text = 'An "open quote\t1\n"Quoted" and not\t0\n"All of it"\t1\n'

    assert [text for text, _ in pairs(sentiment_data.read(write(text)))] == [
        'An "open quote',
        '"Quoted" and not',
        '"All of it"',
    ]


def test_an_unusual_line_separator_inside_a_text_does_not_end_it(write):
    """Unicode knows several; a labelled line ends with a line feed."""
    reviews = sentiment_data.read(write("one\x85two\u2028three\t1\n"))

    assert len(reviews.texts) == 1


def test_comma_separated_lines_may_be_quoted(write):
    text = 'Fine,1\n"Slow, loud and ""cheap""",0\r\n"two\nlines",1\n'

    assert pairs(sentiment_data.read(write(text, "reviews.csv"))) == [
        ("Fine", True),
        ('Slow, loud and "cheap"', False),
        ("two\nlines", True),
    ]


@pytest.mark.parametrize("text", ["text\tlabel\nFine\t1\n", "text,is_positive\nFine,1\n"])
def test_a_header_is_left_out(write, text):
    reviews = sentiment_data.read(write(text))

    assert (pairs(reviews), reviews.dropped) == ([("Fine", True)], {})


@pytest.mark.parametrize("text", ["Fine\t1\n", "\ufeffFine\t1\r\n", "\n\nFine\t1"])
def test_line_ends_and_marks_of_other_systems_do_no_harm(write, text):
    assert pairs(sentiment_data.read(write(text))) == [("Fine", True)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("No label\t", "label is neither 0 nor 1"),
        ("Three stars\t3", "label is neither 0 nor 1"),
        ("No tab at all", "not a text and a label but 1 cells"),
        ("a\tb\t1", "not a text and a label but 3 cells"),
        (" \t1", "text: String should have at least 1 character"),
        ("x" * 5_001 + "\t1", "text: String should have at most 5000 characters"),
        ("Fine\t0", "text comes again"),
    ],
)
def test_a_line_that_cannot_be_used_is_dropped_and_its_reason_counted(write, line, reason):
    reviews = sentiment_data.read(write(f"Fine\t1\n{line}\n"))

    assert (pairs(reviews), reviews.dropped) == ([("Fine", True)], {reason: 1})


def test_a_first_line_without_a_label_is_no_header(write):
    reviews = sentiment_data.read(write("Nobody labelled this\t\nFine\t1\n"))

    assert reviews.dropped == {"label is neither 0 nor 1": 1}


def test_a_folder_is_read_as_all_its_data_files(tmp_path, write):
    write("Fine\t1\n", "b.txt")
    write("Bad,0\n", "a.csv")
    write("Not data\t1\n", "README.md")
    reviews = sentiment_data.read(tmp_path)

    assert pairs(reviews) == [("Bad", False), ("Fine", True)]
    assert reviews.source == "a.csv + b.txt"


def test_the_fingerprint_of_a_folder_changes_with_any_of_its_files(tmp_path, write):
    write("Fine\t1\n", "a.txt")
    write("Bad\t0\n", "b.txt")
    before = sentiment_data.read(tmp_path).fingerprint
    write("Worse\t0\n", "b.txt")

    assert sentiment_data.read(tmp_path).fingerprint != before


def test_a_file_carries_its_name_and_fingerprint(write):
    path = write("Fine\t1\n")
    reviews = sentiment_data.read(path)

    assert (reviews.source, reviews.synthetic) == ("reviews.txt", False)
    assert reviews.fingerprint == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"holds no \.txt, \.tsv, \.csv file"):
        sentiment_data.read(tmp_path)


def test_a_file_without_a_labelled_line_says_why(write):
    with pytest.raises(SourceError, match=r"no line of a text.*'label is neither 0 nor 1': 2"):
        sentiment_data.read(write("Fine\tgood\nBad\t-1\nWorse\t-1\n"))


def test_a_quote_that_is_never_closed_does_not_swallow_the_file(write):
    with pytest.raises(SourceError, match="cannot be read as comma-separated text"):
        sentiment_data.read(write('Fine,1\n"Open,0\nMore,1\n'))


def test_the_built_in_phrases_are_labelled_as_such():
    reviews = sentiment_data.built_in()

    assert (reviews.source, reviews.synthetic) == ("built-in phrases", True)


def test_the_built_in_phrases_are_many_balanced_and_all_usable():
    reviews = sentiment_data.built_in()

    assert len(reviews.texts) > 300
    assert reviews.positive.mean() == pytest.approx(0.5, abs=0.02)
    assert reviews.dropped == {}


def test_the_built_in_phrases_hold_negations_of_both_kinds():
    negation = re.compile(r"\b(not|never|nothing|no|don't|can't|cannot)\b", re.IGNORECASE)
    labels = [label for text, label in pairs(sentiment_data.built_in()) if negation.search(text)]

    assert min(labels.count(True), labels.count(False)) > 15


def test_the_built_in_phrases_do_not_hold_the_example():
    phrases = {review.text for review in sentiment_data.built_in().texts}

    assert not phrases & {review.text for review in sentiment.EXAMPLE}
