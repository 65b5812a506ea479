"""The laws of every model: written once, run over each module in `models/`."""

import importlib
import json
import math
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bentoml
import numpy as np
import pytest
from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined

import models
from models._contract import MAX_ROWS, Rows
from serving import artifact

ROOT = Path(__file__).parent.parent
NAMES = [each.name for each in pkgutil.iter_modules(models.__path__) if each.name[0] != "_"]
EACH = {name: importlib.import_module(f"models.{name}") for name in NAMES}

# A valid value of no field's own type is among these, whatever the type.
OTHER_TYPES = [None, True, 1, 1.0, 1.5, "1", "true", "nan", "", "Other", [], [1], {}, {"a": 1}]


@pytest.fixture(params=NAMES)
def model(request):
    return EACH[request.param]


@pytest.fixture
def loaded(model, home):
    """The model as a server loads it."""
    return artifact.read(model, bentoml.models.get(f"{model.NAME}:latest"))


@pytest.fixture
def ask(model, client):
    def ask(rows, **more):
        return client.post(f"/{model.NAME}/predict", json={"rows": rows, **more})

    return ask


def list_of(each: Any) -> Any:
    return list[each]


def plain(model):
    return [row.model_dump(mode="json") for row in model.EXAMPLE]


def many(model, loaded, n=300):
    """Valid rows that differ: the golden rows, over and over, each number moved a little."""
    rng = np.random.default_rng(1)
    base = loaded.golden.rows
    rows = [base[int(i)] for i in rng.integers(0, len(base), n)]
    return [model.ROW.model_validate(_moved(model, dict(row), rng)) for row in rows]


def _moved(model, row, rng):
    fields = [name for name, value in row.items() if type(value) is float]
    changed = row | {name: row[name] * float(rng.uniform(0.9, 1.1)) for name in fields}
    try:
        model.ROW.model_validate(changed)
    except ValueError:
        return row
    return changed


def bounds(model):
    """Every field with a bound: its name, a value on the bound, and the next one beyond."""
    for name, schema in model.ROW.model_json_schema()["properties"].items():
        whole = schema.get("type") == "integer"
        for key, sign in {"minimum": -1, "maximum": 1, "exclusiveMinimum": -1}.items():
            if key not in schema:
                continue
            edge = schema[key]
            beyond = edge + sign if whole else math.nextafter(edge, sign * math.inf)
            yield name, None if key.startswith("ex") else edge, edge if key[0] == "e" else beyond


def test_its_name_is_the_name_of_its_file(model):
    assert Path(model.__file__).stem == model.NAME


def test_it_has_a_recipe(model):
    assert (ROOT / "train" / f"{model.NAME}.py").exists()


def test_it_has_tests_of_its_own(model):
    assert (ROOT / "tests" / "models" / f"test_{model.NAME}.py").exists()


def test_it_has_a_reference_and_a_route_in_the_service(model):
    from service import CONTRACTS, SERVICE

    routes = {api.route for api in SERVICE.apis.values()}

    assert model in CONTRACTS
    assert str(getattr(SERVICE.inner, f"{model.NAME}_ref").tag.name) == model.NAME
    assert f"/{model.NAME}/predict" in routes


def test_it_stands_in_the_openapi_document(model, client):
    operation = client.get("/docs.json").json()["paths"][f"/{model.NAME}/predict"]["post"]

    example = operation["requestBody"]["content"]["application/json"]["example"]
    assert example == {"rows": plain(model)}


def test_no_two_schemas_have_one_name():
    named = [each.__name__ for model in EACH.values() for each in (model.ROW, model.PREDICTION)]

    assert len(set(named)) == len(named)


def test_its_rows_can_be_drifted_checked_and_logged_flat(model):
    """Every field is a number, a truth value or a string: what monitoring and Arrow count on."""
    for field in model.ROW.model_fields.values():
        values = TypeAdapter(field.annotation).json_schema()
        options = values.get("anyOf", [values])
        assert all(o.get("type") in ("number", "integer", "boolean", "string") for o in options)


def test_it_answers_its_own_example(model, ask, client):
    answer = ask(plain(model))

    assert answer.status_code == 200
    said = answer.json()
    assert said["model"] == model.NAME
    assert said["version"] == client.get(f"/models/{model.NAME}").json()["version"]
    assert said["request_id"] == answer.headers["x-request-id"]
    assert len(TypeAdapter(list_of(model.PREDICTION)).validate_python(said["predictions"])) == 2


def test_its_answers_are_strict_json(model, ask):
    def refuse(constant):
        raise AssertionError(constant)

    json.loads(ask(plain(model)).content, parse_constant=refuse)


def test_it_gives_the_same_answer_every_time(model, ask):
    answers = [ask(plain(model)).json()["predictions"] for _ in range(5)]

    assert answers == answers[:1] * 5


def test_it_refuses_an_unknown_field_in_a_row_and_beside_the_rows(model, ask):
    row = plain(model)[0]

    inside, beside = ask([row | {"surprise": 1}]), ask([row], surprise=1)
    assert (inside.status_code, beside.status_code) == (400, 400)
    assert [each["loc"] for each in inside.json()["detail"]] == [["rows", 0, "surprise"]]
    assert [each["loc"] for each in beside.json()["detail"]] == [["surprise"]]


def test_it_names_exactly_the_field_that_is_missing(model, ask):
    for name, field in model.ROW.model_fields.items():
        row = plain(model)[0]
        del row[name]
        detail = ask([plain(model)[1], row]).json().get("detail", [])
        expected = [["rows", 1, name]] if field.default is PydanticUndefined else []
        assert [each["loc"] for each in detail] == expected


def test_it_takes_no_value_of_another_type_for_any_field(model, ask):
    for name, field in model.ROW.model_fields.items():
        strict = TypeAdapter(field.annotation)
        for value in OTHER_TYPES:
            if _is_valid(model, name, value):
                continue
            answer = ask([plain(model)[0] | {name: value}])
            assert answer.status_code == 400, (name, value)
            assert answer.json()["detail"][0]["loc"][:2] == ["rows", 0], (strict, name, value)


def _is_valid(model, name, value):
    """Whether the field's own JSON schema, which knows no coercion, allows the value."""
    schema = model.ROW.model_json_schema()["properties"][name]
    kinds: dict[str, Any] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}
    allowed = []
    for option in schema.get("anyOf", [schema]):
        right = isinstance(value, kinds[option["type"]])
        right &= isinstance(value, bool) == (option["type"] == "boolean")
        allowed.append(right and value in option.get("enum", [value]) and value != "")
    return any(allowed) and (
        not isinstance(value, (int, float)) or isinstance(value, bool) or _in_range(schema, value)
    )


def _in_range(schema, value):
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    return low <= value <= high and value > schema.get("exclusiveMinimum", -math.inf)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_it_takes_no_number_that_is_none(model, client, text):
    for name, schema in model.ROW.model_json_schema()["properties"].items():
        if schema.get("type") not in ("number", "integer"):
            continue
        body = json.dumps({"rows": [plain(model)[0] | {name: "HERE"}]}).replace('"HERE"', text)
        answer = client.post(
            f"/{model.NAME}/predict", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400, name


def test_every_bound_holds_exactly(model, ask):
    for name, edge, beyond in bounds(model):
        refused = ask([plain(model)[0] | {name: beyond}])
        assert refused.status_code == 400, (name, beyond)
        assert refused.json()["detail"][0]["loc"] == ["rows", 0, name]
        if edge is not None:
            detail = ask([plain(model)[0] | {name: edge}]).json().get("detail", [])
            assert name not in [each["loc"][-1] for each in detail], (name, edge)


@pytest.mark.parametrize(("n", "status"), [(0, 400), (1, 200), (512, 200), (513, 400)])
def test_it_takes_one_row_to_the_most_and_no_other_number(model, ask, n, status):
    answer = ask(plain(model)[:1] * n)

    assert answer.status_code == status
    assert len(answer.json().get("predictions", [])) == (n if status == 200 else 0)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b"5", b'"x"', b'{"rows": null}', b'{"rows": {}}', b'{"row']
)
def test_a_body_that_is_no_object_with_rows_is_a_400(model, client, body):
    answer = client.post(
        f"/{model.NAME}/predict", content=body, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


def test_its_error_list_is_short_however_wrong_the_body_is(model, ask):
    answer = ask([{"x": 1}] * MAX_ROWS)

    assert len(answer.json()["detail"]) <= 20
    assert len(answer.content) < 10_000


def test_every_field_reaches_the_features(model, loaded):
    """F-01: a field that is validated and then dropped is a lie."""
    for name in model.ROW.model_fields:
        seen = {
            repr(model.features([row]))
            for value in _values(model, loaded, name)
            for row in [_with(model, name, value)]
            if row is not None
        }
        assert len(seen) > 1, name


def _values(model, loaded, name):
    schema = model.ROW.model_json_schema()["properties"][name]
    options = [value for o in schema.get("anyOf", [schema]) for value in o.get("enum", [])]
    return options + [True, False] + [row[name] for row in loaded.golden.rows if name in row]


def _with(model, name, value):
    try:
        return model.ROW.model_validate(model.EXAMPLE[0].model_dump() | {name: value})
    except ValueError:
        return None


def test_one_row_gets_the_same_bits_alone_and_in_any_batch(model, loaded):
    rows = many(model, loaded)
    alone = np.concatenate([loaded.runner.probabilities([row]) for row in rows])
    for size in (2, 3, 7, 32, 100, 300):
        batches = [rows[i : i + size] for i in range(0, len(rows), size)]
        together = np.concatenate([loaded.runner.probabilities(batch) for batch in batches])
        assert np.array_equal(alone, together), size


def test_many_at_once_get_the_answers_of_one_at_a_time(model, loaded, client):
    rows = [row.model_dump(mode="json") for row in many(model, loaded, 120)]
    serial = [client.post(f"/{model.NAME}/predict", json={"rows": [row]}) for row in rows]
    with ThreadPoolExecutor(16) as pool:
        parallel = pool.map(
            lambda row: client.post(f"/{model.NAME}/predict", json={"rows": [row]}), rows
        )

    assert [a.json()["predictions"] for a in parallel] == [a.json()["predictions"] for a in serial]


def test_answers_come_in_the_order_of_the_rows(model, loaded, ask):
    rows = [row.model_dump(mode="json") for row in many(model, loaded, 100)]
    forward, backward = ask(rows).json()["predictions"], ask(rows[::-1]).json()["predictions"]

    assert forward == backward[::-1]
    assert len({json.dumps(each) for each in forward}) > 10


def test_probabilities_are_probabilities_and_add_up(model, loaded):
    probabilities = loaded.runner.probabilities(many(model, loaded))

    assert probabilities.min() >= 0
    assert np.allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-9)


def test_an_answer_can_hold_no_impossible_probability(model):
    for name, schema in model.PREDICTION.model_json_schema()["properties"].items():
        if schema.get("type") != "number":
            continue
        good = model.predictions(model.EXAMPLE[:1], np.array([[0.4, 0.6]]), models_policy())[0]
        for bad in (math.nan, math.inf, -0.1, 1.1):
            with pytest.raises(ValueError, match=name):
                model.PREDICTION.model_validate(good.model_dump() | {name: bad})


def models_policy():
    from models._contract import Policy

    return Policy()


def test_its_golden_rows_come_out_as_in_training(model, loaded):
    found = loaded.runner.predict([model.ROW.model_validate(row) for row in loaded.golden.rows])

    assert len(found) >= 10
    assert artifact.same(
        loaded.golden.predictions, [each.model_dump(mode="json") for each in found]
    )


def test_a_body_of_its_rows_survives_a_round_trip(model):
    rows: Any = Rows.__class_getitem__(model.ROW)
    body = rows(rows=model.EXAMPLE).model_dump_json()

    assert rows.model_validate_json(body).rows == model.EXAMPLE
