import platform

from benchmarks import environment, versions
from benchmarks.peer import PEERS, TABENTO

MOSEC = next(each for each in PEERS if each.name == "mosec")
FOUND = {"python": "3.11.7", "bentoml": "1.4.39", "uvicorn": "0.54.0", "numpy": "2.0", "six": "1"}


def test_an_environment_knows_its_python_and_its_libraries():
    found = environment.libraries(None)

    assert found["python"] == platform.python_version()
    assert {"bentoml", "uvicorn", "scikit-learn", "numpy"} <= found.keys()


def test_only_what_a_reader_compares_is_kept():
    kept = versions.that_matter(TABENTO, FOUND)

    assert kept == {name: FOUND[name] for name in FOUND if name != "six"}


def test_a_peer_is_one_line_with_what_it_has():
    page = versions.compared({"tabento": FOUND})

    assert "| Tabento | 3.11.7 | bentoml 1.4.39 | uvicorn 0.54.0 | - | 2.0 | - | - |" in page


def test_who_speaks_http_itself_says_so():
    page = versions.compared({"mosec": {"python": "3.11.7", "mosec": "0.9.8"}})

    assert f"| {MOSEC.title} | 3.11.7 | mosec 0.9.8 | its own |" in page
