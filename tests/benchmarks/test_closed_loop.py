import pytest

from benchmarks import closed_loop

OUTPUT = """\
Running 1s test @ http://127.0.0.1:3000/x
{"requests": 10, "seconds": 1.0, "p50": 1.5, "p99": 2.0, "p999": 3.0, "worst": 4.0, "errors": 1}
"""


def test_the_last_line_of_wrk_is_what_its_script_printed():
    seen = closed_loop.read(OUTPUT)

    assert (seen.requests, seen.p50, seen.errors) == (10, 1.5, 1)


def test_without_wrk_the_refusal_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)

    with pytest.raises(closed_loop.NoLoadGeneratorError, match="apt-get install wrk"):
        closed_loop.require()
