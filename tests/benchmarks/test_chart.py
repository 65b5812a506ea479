from xml.etree import ElementTree

from benchmarks.chart import Bar, chart

SVG = "{http://www.w3.org/2000/svg}"


def _drawn(*bars):
    return ElementTree.fromstring(chart("rates", bars))  # noqa: S314 - written just now


def test_the_longest_bar_comes_first_and_lengths_are_in_proportion():
    drawn = _drawn(Bar("slow", 10.0, "peer"), Bar("fast", 40.0, "ours"))

    lengths = [float(bar.get("width")) for bar in drawn.findall(f"{SVG}rect")[1:]]
    assert lengths[0] == 4 * lengths[1]


def test_a_label_can_hold_any_character():
    labels = [text.text for text in _drawn(Bar("a < b & c", 1.0, "peer")).findall(f"{SVG}text")]

    assert "a < b & c" in labels


def test_nothing_measured_is_an_empty_chart():
    assert len(_drawn().findall(f"{SVG}rect")) == 1
