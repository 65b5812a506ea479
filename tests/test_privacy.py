"""Nothing that a client sends stands in a log, an error or a metric: marked values find out."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from models import breast_cancer, loan_default, sentiment
from serving.rejected import LENGTH
from tests import raw
from tests.conftest import serving
from tests.test_process import until

pytestmark = pytest.mark.slow

MODELS = [breast_cancer, loan_default, sentiment]
MARK = "MARKED7731"
# A number is as telling as a text; this one is in range of every numeric field of the models.
NUMBER = 0.773177317731
KEY = {"X-API-Key": "opens all"}
LONG = f"{MARK} was a very good film indeed. " * 120


@pytest.fixture(scope="module")
def watched(home, tmp_path_factory):
    """A server that logs all it can, and lets in only who has a key."""
    folder = tmp_path_factory.mktemp("watched")
    keys = folder / "keys.toml"
    keys.write_text(f"[all]\nsha256 = '{_digest(KEY)}'\n[one]\nsha256 = '{_digest(ONE)}'\n{OPENS}")
    more = {"TABENTO_LOG_LEVEL": "DEBUG", "TABENTO_API_KEYS_FILE": str(keys)}
    with serving(home, folder, TABENTO_PREDICTIONS_FILE=str(folder / "kept"), **more) as running:
        yield running.ready()


ONE = {"X-API-Key": "opens one"}
OPENS = "models = ['loan_default']\n"


def _digest(key):
    return hashlib.sha256(key["X-API-Key"].encode()).hexdigest()


@pytest.fixture(scope="module")
def http(watched):
    with httpx.Client(base_url=watched.url, timeout=30, headers=KEY) as http:
        yield http


@pytest.fixture
def is_told(watched, http):
    """What of some words the log or the metrics hold, once all requests so far are in the log."""

    def is_told(*words):
        end = f"end-{len(watched.log.read_bytes())}"
        http.get("/livez", headers={"X-Request-ID": end})
        until(lambda: end in watched.log.read_text())
        told = watched.log.read_text() + http.get("/metrics").text
        return [word for word in words if word in told]

    return is_told


def row_of(model):
    return model.EXAMPLE[0].model_dump(mode="json")


def wrong_rows(model):
    """Every field with a marked value that it does not take, or takes only as a text."""
    for name in row_of(model):
        for value in (MARK, [MARK], {MARK: MARK}, f"{NUMBER}", [NUMBER], {"text": MARK}):
            yield row_of(model) | {name: value}
        yield {MARK if key == name else key: value for key, value in row_of(model).items()}
    yield row_of(model) | {MARK: 1}
    yield {MARK: MARK}


@pytest.mark.parametrize("model", MODELS)
def test_no_value_of_any_field_is_told_when_it_is_wrong(http, is_told, model):
    for row in wrong_rows(model):
        answer = http.post(f"/{model.NAME}/predict", json={"rows": [row]})
        if answer.status_code == 200:
            continue  # a text is a text
        said = raw.refused(answer, 400)
        # The sender is told how it has called a field that there is not, and nobody else is.
        names = [each.loc[-1] for each in said.detail if each.type == "extra_forbidden"]
        assert (MARK in answer.text) == (MARK in names)
        assert str(NUMBER) not in answer.text
    assert is_told(MARK, str(NUMBER)) == []


@pytest.mark.parametrize("model", MODELS)
def test_no_value_of_any_field_is_told_when_it_is_right(http, is_told, model):
    numbers = {name: NUMBER for name, value in row_of(model).items() if type(value) is float}
    row = row_of(model) | {name: value for name, value in numbers.items() if model != loan_default}
    row |= {"text": LONG} if model is sentiment else {}
    row |= {"gross_approval_usd": 7_731_773.1} if model is loan_default else {}
    assert http.post(f"/{model.NAME}/predict", json={"rows": [row]}).status_code == 200

    assert is_told(MARK, str(NUMBER), "7731773.1") == []


GOOD = json.dumps({"rows": [{"text": LONG}]}).encode()
CUT = GOOD[:-5]
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, MARK.encode(), JSON),
        (400, CUT, JSON),
        (400, json.dumps(MARK).encode(), JSON),
        (400, json.dumps([MARK]).encode(), JSON),
        (400, json.dumps({"rows": MARK}).encode(), JSON),
        (400, json.dumps({"rows": [MARK]}).encode(), JSON),
        (400, b'{"rows": [{"text": "%b", "text": "%b"}]}' % (MARK.encode(), MARK.encode()), JSON),
        (400, b'{"rows": [{"text": "%b\xff"}]}' % MARK.encode(), JSON),
        (400, GOOD, JSON | {"X-Request-Timeout-Ms": MARK}),
        (401, GOOD, JSON | {"X-API-Key": MARK}),
        (401, GOOD, JSON | {"X-API-Key": "", "Authorization": f"Bearer {MARK}"}),
        (401, GOOD, JSON | {"X-API-Key": "", "Authorization": MARK}),
        (403, GOOD, JSON | ONE),
        (413, GOOD * 2_000, JSON),
        (415, GOOD, {"Content-Type": MARK}),
        (415, GOOD, {"Content-Type": f"multipart/form-data; boundary={MARK}"}),
        (415, GOOD, JSON | {"Content-Encoding": MARK}),
    ],
)
def test_no_refusal_tells_what_was_sent(http, is_told, status, body, headers):
    answer = http.post("/sentiment/predict", content=body, headers=headers)

    raw.refused(answer, status)
    assert MARK not in answer.text + str(answer.headers)
    assert is_told(MARK) == []


@pytest.mark.parametrize("name", ["X-Request-ID", "User-Agent", "Cookie", "Referer", "X-Secret"])
def test_no_header_is_told(http, is_told, name):
    given = f"{MARK} with a space"
    for body in (raw.BODY, b"{"):
        answer = http.post("/sentiment/predict", content=body, headers=JSON | {name: given})
        assert MARK not in answer.text + str(answer.headers)

    assert is_told(MARK) == []


@pytest.mark.parametrize(
    "path",
    [
        f"/{MARK}",
        f"/sentiment/{MARK}",
        f"/{MARK}/predict",
        f"/models/{MARK}",
        f"/models/{MARK}/card",
        f"/models/{MARK}/feedback",
        f"/models/sentiment/{MARK}",
        f"/static_content/{MARK}",
        f"/sentiment/predict?{MARK}={MARK}",
        f"/models?{MARK}",
        f"/models/sentiment/drift?window={MARK}",
        f"/livez?{MARK}",
    ],
)
def test_no_path_and_no_query_is_told(http, is_told, path):
    for method in ("GET", "POST", "PUT", "TRACE"):
        answer = http.request(method, path, content=raw.BODY, headers=JSON)
        assert MARK not in answer.text + str(answer.headers)

    assert is_told(MARK) == []


def test_no_feedback_is_told(http, is_told):
    for body in (
        {MARK: 1},
        {"outcomes": [{"request_id": MARK, "row": MARK, "outcome": MARK}]},
        {"outcomes": [{MARK: MARK}]},
        {"outcomes": MARK},
    ):
        raw.refused(http.post("/models/sentiment/feedback", json=body), 400)

    assert is_told(MARK) == []


def test_no_request_that_came_too_late_is_told(http, is_told):
    body = json.dumps({"rows": [{"text": f"{n} {LONG}"[:5_000]} for n in range(512)]}).encode()
    soon = JSON | {"X-Request-Timeout-Ms": "1"}
    with ThreadPoolExecutor(8) as pool:
        ask = lambda _: http.post("/sentiment/predict", content=body, headers=soon)  # noqa: E731
        answers = list(pool.map(ask, range(8)))

    late = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in late} <= {503, 504}
    assert late
    assert not [answer for answer in late if MARK in answer.text]
    assert is_told(MARK) == []


@pytest.mark.parametrize(
    "sent",
    [
        MARK.encode() + b"\r\n\r\n",
        raw.request(b"GET", f"/{MARK}".encode(), f"{MARK} : x".encode()),
        raw.request(MARK.encode(), b"/"),
        raw.request(b"CONNECT", f"{MARK}:443".encode()),
        raw.request(b"GET", b"/" + MARK.encode() * 10_000),
        raw.request(b"GET", f"/{MARK}".encode(), b"Connection: Upgrade", b"Upgrade: websocket"),
        raw.request(b"GET", f"/?{MARK}".encode(), b"Connection: Upgrade", b"Upgrade: h2c"),
        raw.post(GOOD, b"Content-Length: 5"),
        GOOD,
    ],
)
def test_what_is_no_request_is_not_told(watched, is_told, sent):
    answer = raw.ask(watched.url, sent)

    assert answer is None or MARK.encode() not in answer.content
    assert is_told(MARK) == []


@pytest.fixture(scope="module")
def telling(home, tmp_path_factory):
    """A server that logs what it rejects."""
    folder = tmp_path_factory.mktemp("telling")
    more = {"TABENTO_LOG_LEVEL": "DEBUG", "TABENTO_LOG_REJECTED_BODIES": "1"}
    with serving(home, folder, **more) as running:
        yield running.ready()


def bodies(running):
    """What it has logged of those that it rejected."""
    end = f"end-{len(running.log.read_bytes())}"
    httpx.get(f"{running.url}/livez", headers={"X-Request-ID": end})
    until(lambda: end in running.log.read_text())
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    return [line["body"] for line in lines if "body" in line]


def test_where_bodies_are_logged_no_private_field_is(telling):
    before = len(telling.log.read_text())
    wrong = [*wrong_rows(sentiment), {"text": [LONG]}, LONG, [LONG], {"text": LONG, "a": LONG}]
    with httpx.Client(base_url=telling.url, timeout=30) as http:
        for each in [{"rows": [row]} for row in wrong] + [{"rows": LONG}, {MARK: 1}, LONG, [LONG]]:
            http.post("/sentiment/predict", json=each)
        http.post("/sentiment/predict", content=CUT, headers=JSON)

    assert "[private]" in "".join(bodies(telling))
    assert MARK not in telling.log.read_text()[before:]


def test_where_bodies_are_logged_others_are_cut(telling):
    row = row_of(loan_default) | {"state": MARK * 1_000}
    httpx.post(f"{telling.url}/loan_default/predict", json={"rows": [row]})

    (body,) = [each for each in bodies(telling) if MARK in each]
    assert len(body) == LENGTH
