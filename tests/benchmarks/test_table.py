import pytest

from benchmarks.table import number, table, times


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (0.0, "0"),
        (0.012345, "0.0123"),
        (9.876, "9.88"),
        (99.96, "100"),
        (1_234.0, "1,230"),
        (98_765.0, "98,800"),
    ],
)
def test_a_number_has_three_digits_that_say_something(value, text):
    assert number(value) == text


def test_a_ratio_says_that_it_is_one():
    assert times(12.34) == "12.3x"
    assert times(None) == "-"


def test_numbers_stand_to_the_right_and_texts_to_the_left():
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | ---: |\n| x | 1 |\n"
    assert "---:" not in table(["a", "b"], [], texts=2)
