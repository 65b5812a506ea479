"""Whatever the one fault of a body is: it is refused, never answered, never an error of ours."""

import importlib
import json
import pkgutil

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import models
from serving import wire
from serving.errors import ApiError
from tests import raw, strategies

NAMES = [each.name for each in pkgutil.iter_modules(models.__path__) if each.name[0] != "_"]
EACH = [importlib.import_module(f"models.{name}") for name in NAMES]
READ = {model.NAME: wire.wires(model, arrow_rows=0)[wire.JSON].read for model in EACH}
JSON = {"Content-Type": "application/json"}
# Rows of thirty numbers are large to hypothesis; and a server is the same for every example.
LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
OVER_HTTP = settings(
    max_examples=100, suppress_health_check=[*LARGE, HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=EACH, ids=NAMES)
def model(request):
    return request.param


@pytest.fixture(scope="module")
def http(server):
    with httpx.Client(base_url=server, timeout=30) as http:
        yield http


@pytest.mark.parametrize("model", EACH, ids=NAMES)
@given(data=st.data())
@settings(max_examples=100, suppress_health_check=LARGE)
def test_rows_of_the_schema_are_read_as_they_are(model, data):
    rows = data.draw(strategies.rows(model))
    read = READ[model.NAME](strategies.body(rows))

    assert [each.model_dump(mode="json") for each in read] == rows


@pytest.mark.parametrize("model", EACH, ids=NAMES)
@given(data=st.data())
@settings(max_examples=250, suppress_health_check=LARGE)
def test_one_fault_is_a_400_to_who_reads_the_body(model, data):
    body = data.draw(strategies.wrong_bodies(model))
    with pytest.raises(ApiError) as caught:
        READ[model.NAME](body)

    assert caught.value.status == 400
    assert json.loads(caught.value.body("id"))["code"] == "invalid_request"


@pytest.mark.slow
@given(data=st.data())
@OVER_HTTP
def test_one_fault_is_a_400_over_http(http, model, data):
    body = data.draw(strategies.wrong_bodies(model))

    raw.refused(http.post(f"/{model.NAME}/predict", content=body, headers=JSON), 400)


@pytest.mark.slow
@given(data=st.data())
@OVER_HTTP
def test_rows_of_the_schema_are_answered_over_http(http, model, data):
    rows = data.draw(strategies.rows(model))
    answer = http.post(f"/{model.NAME}/predict", content=strategies.body(rows), headers=JSON)

    assert answer.status_code == 200
    said = json.loads(answer.content, parse_constant=pytest.fail)
    assert len(said["predictions"]) == len(rows)
