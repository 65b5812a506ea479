"""The report of a period: from the predictions file or Prometheus, as a page and as JSON."""

import json
import re
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest

from models import loan_default, sentiment
from monitoring import evidently, promql
from monitoring.__main__ import main
from monitoring.kept import Caps, Kept
from monitoring.layout import Layout
from monitoring.page import page
from monitoring.period import Asked, PeriodReport, period_report
from monitoring.profile import Scored, build
from monitoring.tally import Tally
from train import synthetic_loans

NOW = 1_800_000_000.0
DAY = 86_400.0


@pytest.fixture(scope="module")
def loans():
    return synthetic_loans.generate(seed=3)


def scored(rows, seed=0):
    """Scores as a calibrated model would give them, and outcomes to go with them."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(1.2, 5.5, len(rows))
    return scores, rng.random(len(rows)) < scores


@pytest.fixture(scope="module")
def reference(loans):
    rows = loans.rows[:8_000]
    scores, positive = scored(rows)
    return build(loan_default, rows, Scored("default_probability", scores, 0.2, positive))


@pytest.fixture(scope="module")
def file(loans, tmp_path_factory):
    """Two days: the first as in training, on the second larger loans and more charge-offs."""
    file = tmp_path_factory.mktemp("store") / "kept.db"
    kept = Kept(file, Caps(10**9, 10**5))
    rows = loans.rows[8_000:12_000]
    scores, positive = scored(rows, 1)
    worse = np.random.default_rng(2).random(len(rows)) < 0.3
    for number, row in enumerate(rows):
        second = number >= 2_000
        fields = row.model_dump(mode="json")
        if second:
            fields["gross_approval_usd"] *= 3
        at = NOW - 2 * DAY + number / 2_000 * DAY
        line = (at, f"r{number}", float(scores[number]), json.dumps(fields))
        kept.write([(line[0], "loan_default", "v1", line[1], 0, line[2], line[2] >= 0.2, line[3])])
        if number % 4:
            outcome = bool(positive[number] or (second and worse[number]))
            kept.learn("loan_default", [(f"r{number}", 0, outcome)], NOW)
    kept.close()
    return file


def asked(reference, since, until):
    return Asked(loan_default, "v1", reference, since, until)


def test_a_day_as_in_training_is_told_to_be_well(reference, file):
    found = period_report(asked(reference, NOW - 2 * DAY, NOW - DAY), Kept(file))

    assert (found.rows, found.requests, found.judged) == (2_000, 2_000, 1_500)
    assert found.drift.drifted == []
    assert not found.quality.worse


def test_a_day_that_moved_is_told_by_field_and_by_outcomes(reference, file):
    found = period_report(asked(reference, NOW - DAY, NOW), Kept(file))

    assert found.drift.features["gross_approval_usd"].verdict == "major"
    assert found.drift.features["employees"].verdict == "ok"
    assert found.quality.brier.worse


def test_the_parts_add_up_to_the_whole(reference, file):
    found = period_report(asked(reference, NOW - 2 * DAY, NOW), Kept(file))

    assert sum(part.rows for part in found.parts) == found.rows == 4_000
    assert sum(part.judged for part in found.parts) == found.judged == 3_000


def test_private_fields_are_named_and_not_looked_at(tmp_path):
    kept = Kept(tmp_path / "kept.db", Caps(10**9, 10**5))
    rng = np.random.default_rng(0)
    texts = [sentiment.Review(text=f"good {number}") for number in range(600)]
    known = build(sentiment, texts, Scored("positive_probability", rng.random(600), 0.5))
    kept.write(
        (NOW - 9, "sentiment", "v1", f"r{number}", 0, rng.random(), True, "{}")
        for number in range(600)
    )
    found = period_report(Asked(sentiment, "v1", known, NOW - 10, NOW), kept)

    assert (found.not_watched, found.drift.features) == (["text"], {})
    assert found.drift.score.rows == 600


@pytest.fixture(scope="module")
def written(reference, file, tmp_path_factory):
    """By the real command."""
    out = tmp_path_factory.mktemp("out")
    known = out / "reference.json"
    known.write_text(reference.model_dump_json())
    since, until = (datetime.fromtimestamp(each, UTC) for each in (NOW - 2 * DAY, NOW))
    options = ["--since", since.isoformat(), "--until", until.isoformat(), "--store", str(file)]
    code = main(["report", "loan_default", *options, "--reference", str(known), "--out", str(out)])
    assert code == 0
    return out


def test_the_command_writes_json_that_reads_back(written):
    (file,) = written.glob("loan_default-*.json")

    assert PeriodReport.model_validate_json(file.read_bytes()).rows == 4_000


def test_the_page_is_small_whole_and_asks_nobody(written):
    (file,) = written.glob("loan_default-*.html")
    text = file.read_text()

    assert len(text) < 500_000
    assert "<script" not in text
    assert not re.search(r"(src|href|url)\s*[=(]", text)
    assert 'name="viewport"' in text
    assert text.count("<svg") == 4 + 2 * 13


def test_what_comes_from_outside_is_escaped_on_the_page(reference, file):
    found = period_report(asked(reference, NOW - DAY, NOW), Kept(file))
    evil = found.model_copy(update={"version": "<b>v1", "source": "<script>"})

    assert "<b>" not in page(evil)
    assert "<script" not in page(evil)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["nothing"], "there is no model nothing; there are breast_cancer"),
        (["loan_default", "--since", "soon"], "soon is no time"),
        (["loan_default", "--since", "1h", "--until", "2h"], "before --until"),
        (["loan_default"], "TABENTO_PREDICTIONS_FILE"),
        (["loan_default", "--store", "nowhere.db"], "there is no file nowhere.db"),
        (["loan_default", "--prometheus", "no-url", "--version", "v1"], "Prometheus"),
    ],
)
def test_what_can_not_be_reported_on_is_said_in_a_sentence(
    options, said, capsys, written, monkeypatch
):
    monkeypatch.delenv("TABENTO_PREDICTIONS_FILE", raising=False)
    known = ["--reference", str(next(written.glob("reference.json")))]

    assert main(["report", *options, *known]) == 2
    assert said in capsys.readouterr().err


def test_a_period_without_rows_is_said_in_a_sentence(file, capsys):
    options = ["--since", "2001-01-01", "--until", "2001-01-02", "--store", str(file)]

    assert main(["report", "loan_default", *options]) == 2
    assert "answered nothing" in capsys.readouterr().err


@pytest.fixture
def prometheus(reference, loans):
    """Answers as Prometheus' API does, with what a service would have counted."""
    rows = loans.rows[8_000:10_000]
    scores, _ = scored(rows, 1)
    counts, layout = Tally(reference).count(rows, scores), Layout.of(reference)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            query = parse_qs(urlparse(self.path).query)["query"][0]
            result = [
                {"metric": labels, "value": [NOW, str(value)]}
                for name, labels, value in series(reference, layout, counts)
                if f"model_{name}_total" in query and "[86400s]" in query
            ]
            body = json.dumps({"status": "success", "data": {"result": result}}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", counts
    server.shutdown()
    thread.join()
    server.server_close()


def series(reference, layout, counts):
    for name, feature in reference.features.items():
        for bin_, count in zip(feature.bins, counts[layout.features[name]], strict=True):
            yield "feature_bin", {"feature": name, "bin": bin_}, count
    for bin_, count in zip(reference.score.bins, counts[layout.score], strict=True):
        yield "score_bin", {"bin": bin_}, count
    yield "score_sum", {}, counts[layout.sum] / 2**24
    yield "score_squares", {}, counts[layout.squares] / 2**24


def test_prometheus_gives_the_same_drift_as_the_file(reference, prometheus, file):
    url, _ = prometheus
    span = (NOW - 2 * DAY, NOW - DAY)
    theirs = promql.period_report(asked(reference, *span), url)
    ours = period_report(asked(reference, *span), Kept(file))

    assert theirs.drift.features == ours.drift.features
    assert theirs.drift.prediction == ours.drift.prediction
    accuracy = theirs.drift.expected.accuracy
    assert accuracy == pytest.approx(ours.drift.expected.accuracy, abs=0.01)
    assert page(theirs)


def test_without_its_environment_evidently_says_how_to_make_it(
    reference, file, tmp_path, monkeypatch
):
    monkeypatch.setattr(evidently, "ENVIRONMENT", tmp_path / ".evidently")
    with pytest.raises(evidently.EvidentlyError, match="make evidently"):
        evidently.report(asked(reference, NOW - DAY, NOW), Kept(file), tmp_path / "report")


@pytest.mark.slow
def test_evidently_reports_on_the_period_against_the_rows_before_it(reference, file, tmp_path):
    if not evidently.ENVIRONMENT.exists():
        pytest.skip("needs Evidently's environment: make evidently")
    started = time.time()
    found = evidently.report(asked(reference, NOW - DAY, NOW), Kept(file), tmp_path / "report")

    assert found.stat().st_mtime >= started - 1
    drifted = json.loads(found.with_suffix(".json").read_text())
    assert "gross_approval_usd" in json.dumps(drifted)
