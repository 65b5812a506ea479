"""A service with two workers, and a Prometheus that sees its loans drift and its answers fail."""

import math
import time
from types import SimpleNamespace

import httpx
import pytest

from deploy.grafana.__main__ import FOLDER, dashboards, text
from models import breast_cancer, sentiment
from monitoring.drift import VERDICTS, Drift
from tests.conftest import serving
from tests.deploy.watched import prometheus, until
from train import synthetic_loans

pytestmark = pytest.mark.slow

AMOUNT, GUARANTEED = "gross_approval_usd", "sba_guaranteed_usd"
LOANS = "loan_default"
BEFORE, ALL, EACH = 2_048, 3_584, 256
SCORES = {"model": LOANS, "feature": "__score__", "window": "hour"}
GIVEN = {
    "$__rate_interval": "1m", "$__range": "1h", "$model": ".*", "$job": "tabento", "$window": "hour"
}  # fmt: skip


class Client:
    """Sends rows to a service, and remembers what it was answered."""

    def __init__(self, url):
        self.url, self.answers = url, []

    def predict(self, model, rows):
        for start in range(0, len(rows), EACH):
            # A connection each, so that both workers are asked.
            answer = httpx.post(
                f"{self.url}/{model}/predict", json={"rows": rows[start : start + EACH]}, timeout=30
            )
            assert answer.status_code == 200, answer.text
            self.answers.append(answer.json())

    def tell_the_opposite(self):
        """Say of every loan that it went the other way."""
        for answer in self.answers:
            if answer["model"] != LOANS:
                continue
            outcomes = [
                {"request_id": answer["request_id"], "row": row, "outcome": not decided(each)}
                for row, each in enumerate(answer["predictions"])
            ]
            # The worker that is asked may not be the one that answered: it is told in a second.
            until(lambda body={"outcomes": outcomes}: self._tell(body)["unknown"] == 0)

    def _tell(self, body):
        return httpx.post(f"{self.url}/models/{LOANS}/feedback", json=body, timeout=30).json()

    def drift(self, model):
        return Drift.model_validate_json(httpx.get(f"{self.url}/models/{model}/drift").content)


def in_tens(row):
    """As a client would that sends tens of dollars; the contract takes no loan below 500."""
    gross = max(row[AMOUNT] / 10, 500)
    return row | {AMOUNT: gross, GUARANTEED: min(row[GUARANTEED] / 10, gross)}


def decided(prediction):
    return prediction["decision"] == "decline"


@pytest.fixture(scope="module")
def story(home, tmp_path_factory):
    """First loans like those of training, then amounts in tens; what Prometheus said then."""
    folder = tmp_path_factory.mktemp("watched")
    kept = str(folder / "kept.db")
    loans = [row.model_dump(mode="json") for row in synthetic_loans.generate(seed=7).rows[:ALL]]
    with (
        serving(home, folder, TABENTO_WORKERS="2", TABENTO_PREDICTIONS_FILE=kept) as running,
        prometheus(running.ready().url.removeprefix("http://"), folder) as watching,
    ):
        client = Client(running.url)
        until(lambda: watching.ask(f'model_score_rows_total{{model="{LOANS}"}}'))
        client.predict(LOANS, loans[:BEFORE])
        for model in (breast_cancer, sentiment):
            rows = [row.model_dump(mode="json") for row in model.EXAMPLE]
            client.predict(model.NAME, rows * (600 // len(rows)))
        assert httpx.post(f"{running.url}/{LOANS}/predict", json={"rows": [{}]}).status_code == 400
        counted = lambda: sum(watching.values("tabento:rows", "feature", **SCORES).values())  # noqa: E731
        until(lambda: counted() >= BEFORE)
        quiet = (watching.alerts(), client.drift(LOANS))
        client.predict(LOANS, list(map(in_tens, loans[BEFORE:])))
        states = until_it_rings(watching)
        client.tell_the_opposite()
        yield SimpleNamespace(client=client, prometheus=watching, quiet=quiet, states=states)


def until_it_rings(watching):
    """Every state that the alert of the amounts goes through."""
    states = []

    def rings():
        for name, labels, state in watching.alerts():
            seen = (labels.get("model"), labels["severity"], state)
            if (name, labels.get("feature")) == ("TabentoFeatureDrift", AMOUNT):
                states.extend([seen] * (seen not in states))
        return states and states[-1][2] == "firing"

    until(rings)
    return states


def test_loans_like_those_of_training_set_nothing_off(story):
    alerts, report = story.quiet

    assert report.verdict == "ok"
    assert [alert for alert in alerts if alert[1].get("model") == LOANS] == []


def test_amounts_in_another_unit_are_pending_then_ring(story):
    assert story.states == [(LOANS, "warning", "pending"), (LOANS, "warning", "firing")]


def test_answers_that_were_wrong_ring(story):
    def figures():
        return {
            labels["figure"]
            for name, labels, state in story.prometheus.alerts()
            if (name, state) == ("TabentoAccuracyLoss", "firing")
        }

    until(lambda: figures() == {"accuracy", "brier", "roc_auc"})


@pytest.mark.parametrize("model", [LOANS, breast_cancer.NAME, sentiment.NAME])
def test_prometheus_and_the_report_say_the_same_of_every_field(story, model):
    until(
        lambda: sum(story.prometheus.values("model_score_rows_total", model=LOANS).values()) == ALL
    )
    time.sleep(2.5)  # Rules are worked out once a second.
    report = story.client.drift(model)
    fields = report.features | {"__score__": report.score}
    known = {"model": model, "window": "hour"}
    # Prometheus takes counters on to the end of a window: after seconds n is somewhat more, in all
    # bins alike, so shares are nearly as they should be.
    for name, tolerance in [
        ("rows", 0.2), ("noise_floor", 0.2), ("psi", 0.03), ("jensen_shannon", 0.03)
    ]:  # fmt: skip
        told = story.prometheus.values(f"tabento:{name}", "feature", **known)
        expected = {(field,): getattr(each, name) for field, each in fields.items()}
        assert told == pytest.approx(expected, rel=tolerance, abs=1e-3), name

    believed = story.prometheus.values("tabento:drift", "feature", **known)
    drifted = {field for field, each in fields.items() if each.verdict not in VERDICTS[:2]}
    assert {field for (field,) in believed} == drifted
    assert model != LOANS or AMOUNT in drifted


def test_they_say_the_same_of_the_scores(story):
    prediction = story.client.drift(LOANS).prediction
    known = {"model": LOANS, "window": "hour"}
    told = {
        name: story.prometheus.values(f"tabento:score_{name}", **known)[()]
        for name in ("mean", "variance", "sigmas")
    }

    assert told["mean"] == pytest.approx(prediction.mean, abs=1e-6)
    assert told["variance"] ** 0.5 == pytest.approx(prediction.deviation, abs=1e-6)
    assert told["sigmas"] == pytest.approx(prediction.sigmas, rel=0.2)
    rings = story.prometheus.ask('ALERTS{alertname="TabentoPredictionShift"}')
    assert bool(rings) == prediction.shifted


def test_every_rule_could_be_worked_out(story):
    assert story.prometheus.faults() == []


def test_every_panel_has_something_to_show(story):
    until(lambda: story.prometheus.ask("tabento_accuracy"))
    empty = [
        (panel["title"], query)
        for content in dashboards().values()
        for panel in content["panels"]
        for query in (given(target["expr"]) for target in panel.get("targets", []))
        if all(math.isnan(value) for _, value in story.prometheus.ask(query))
    ]

    assert empty == []


def given(expression):
    """With what Grafana puts in."""
    for name, value in GIVEN.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


@pytest.mark.parametrize("name", dashboards())
def test_the_files_are_as_the_panels_say(name):
    """Written by `python -m deploy.grafana`."""
    assert (FOLDER / name).read_text() == text(dashboards()[name])
