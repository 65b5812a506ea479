"""A model with one weight that is no number: whoever meets it fails, alone, and it is told."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest

from serving.estimator import SklearnEstimator
from tests.conftest import serving
from tests.store import alter, copy_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def poison(home, tmp_path_factory):
    """A real server whose sentiment model is broken, and a text that finds out where.

    No golden row holds the term with the broken weight, so that it loads and is ready.
    """
    store, models = copy_of(home, tmp_path_factory.mktemp("broken"))
    text = break_one_term(models["sentiment"])
    with serving(store, tmp_path_factory.mktemp("poison")) as running:
        yield running.ready(), text


def break_one_term(folder):
    estimator = SklearnEstimator.load(folder)
    vectorizer, model = estimator.preprocessor, estimator.model
    golden = json.loads((folder / "golden.json").read_text())["rows"]
    met = vectorizer.transform([row["text"] for row in golden]).sum(axis=0)
    (unmet, *_) = np.flatnonzero(np.asarray(met)[0] == 0)
    model.coef_[0, unmet] = np.nan
    estimator.save(folder)
    for name in ("preprocessor.skops", "model.skops"):
        alter(folder, name, (folder / name).read_bytes())
    return str(vectorizer.get_feature_names_out()[unmet])


def ask(running, text, **headers):
    url = f"{running.url}/sentiment/predict"
    return httpx.post(url, json={"rows": [{"text": text}]}, headers=headers)


def test_no_number_is_a_500_and_never_a_200(poison):
    answer = ask(*poison)

    assert (answer.status_code, answer.json()["code"]) == (500, "bad_output")
    assert "nan" not in answer.text.lower()


def test_the_log_has_the_cause_under_the_requests_id(poison):
    running, text = poison
    ask(running, text, **{"X-Request-ID": "who-asked"})
    httpx.get(f"{running.url}/livez", headers={"X-Request-ID": "afterwards"})
    while "afterwards" not in running.log.read_text():
        time.sleep(0.05)

    lines = [json.loads(line) for line in running.log.read_text().splitlines()[1:]]
    (told,) = [
        line
        for line in lines
        if line["event"] == "prediction_failed" and line["request_id"] == "who-asked"
    ]
    assert (told["model"], told["level"]) == ("sentiment", "error")
    assert "BadOutputError: sentiment: the estimator gave something" in told["exception"]


def test_a_row_that_finds_a_fault_does_not_make_the_service_unready(poison):
    """The model still gives its golden answers: another row is answered as before."""
    running, text = poison
    ask(running, text)

    assert httpx.get(f"{running.url}/readyz").status_code == 200
    assert ask(running, "!").status_code == 200


def test_whoever_asks_at_the_same_time_is_answered(poison):
    running, text = poison
    texts = ["!" if number % 5 else text for number in range(60)]
    with ThreadPoolExecutor(20) as pool:
        answers = pool.map(lambda each: ask(running, each).status_code, texts)

    assert list(answers) == [200 if each == "!" else 500 for each in texts]
