"""Rows that a contract takes, made from its own schema, and bodies with one fault."""

import json
import re
from typing import Any

from hypothesis import strategies as st

from models._contract import MAX_ROWS

# So large that the rows of a body are not what a test spends its time on.
FEW_ROWS = 3
OTHER_TYPES: dict[str, list[Any]] = {
    "number": ["1", "", "nan", True, None, [], [1.0], {}, {"value": 1.0}],
    "integer": ["1", 5.0, 0.5, True, None, [], [1], {}],
    "boolean": [0, 1, "true", "yes", None, [], {}],
    "string": [0, 1.5, True, None, [], ["a"], {}, {"text": "a"}],
}
# In JSON's grammar, but no number; or no JSON at all.
NO_NUMBERS = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5_000, "01", "+1", ".5"]
NO_TEXTS = ['"\\ud800"', '"\\udfffa"', '"\n"', '"\\x41"', '"a', "a", "'a'"]
PLACEHOLDER = "HERE"
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]')


def value(schema):
    """A value that a field takes, its bounds included."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    match schema["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(low, high)
        case "number":
            return st.floats(low, high, exclude_min="exclusiveMinimum" in schema)
        case "string":
            texts = st.text(st.characters(codec="utf-8"), min_size=schema["minLength"], max_size=40)
            return texts.filter(str.strip)
    raise AssertionError(schema)


def row(model):
    """A row as JSON has it; what a field may be beside another is for the contract to say."""
    fields = {name: value(schema) for name, schema in _fields(model).items()}
    return st.fixed_dictionaries(fields).filter(lambda row: _is_valid(model, row))


def rows(model):
    return st.lists(row(model), min_size=1, max_size=FEW_ROWS)


def body(rows):
    return json.dumps({"rows": rows}).encode()


def wrong_bodies(model):
    """Bodies of good rows with one fault: in a value, a key, the rows, or the JSON itself."""
    return st.one_of(
        _with_wrong_value(model),
        _with_wrong_literal(model),
        _with_wrong_key(model),
        _with_wrong_rows(model),
        _cut(model),
        _without_a_mark(model),
    )


def _fields(model):
    return model.ROW.model_json_schema()["properties"]


def _is_valid(model, row):
    try:
        model.ROW.model_validate_json(json.dumps(row))
    except ValueError:
        return False
    return True


def _wrong(schema):
    """Values that a field does not take: of another type, beyond a bound, not listed."""
    yield from OTHER_TYPES[schema["type"]]
    step = 1 if schema["type"] == "integer" else 1e-6
    if "minimum" in schema:
        yield schema["minimum"] - step
    if "exclusiveMinimum" in schema:
        yield schema["exclusiveMinimum"]
    if "maximum" in schema:
        yield schema["maximum"] + step
    if "enum" in schema:
        yield from (f"{schema['enum'][0]} ", schema["enum"][0].swapcase() + "x", "", "\0")
    if "minLength" in schema:
        yield from ("", " \n\t")
    if "maxLength" in schema:
        yield "a" * (schema["maxLength"] + 1)


@st.composite
def _with_wrong_value(draw, model):
    good = draw(rows(model))
    name, schema = draw(st.sampled_from([*_fields(model).items()]))
    draw(st.sampled_from(good))[name] = draw(st.sampled_from([*_wrong(schema)]))
    return body(good)


@st.composite
def _with_wrong_literal(draw, model):
    good = draw(rows(model))
    name, schema = draw(st.sampled_from([*_fields(model).items()]))
    draw(st.sampled_from(good))[name] = PLACEHOLDER
    literals = NO_TEXTS if schema["type"] == "string" else NO_NUMBERS
    literal = draw(st.sampled_from(literals)).encode()
    return body(good).replace(f'"{PLACEHOLDER}"'.encode(), literal)


@st.composite
def _with_wrong_key(draw, model):
    good = draw(rows(model))
    one = draw(st.sampled_from(good))
    name = draw(st.sampled_from(model.ROW.model_json_schema()["required"]))
    other = draw(st.sampled_from([f"{name} ", name.upper(), f"_{name}", "", "rows", "\u0430"]))
    kind = draw(st.sampled_from(["missing", "renamed", "more", "above", "twice"]))
    if kind == "twice":
        text = json.dumps(name)
        again = f"{text}: {json.dumps(one[name])}, {text}:".encode()
        return body(good).replace(f"{text}:".encode(), again, 1)
    if kind == "above":
        return json.dumps({"rows": good, f"{other}x": good}).encode()
    if kind != "missing":
        one[other] = one[name]
    if kind != "more":
        del one[name]
    return body(good)


@st.composite
def _with_wrong_rows(draw, model):
    one = draw(row(model))
    whole = [one, [one], [[one]], {"row": one}, {"Rows": [one]}, {}, None, 0, "rows"]
    inside = [one, [], [[one]], [one, None], [one, 1], [one, []], {"0": one}, None, "", 1]
    said = [*whole, *({"rows": each} for each in inside), {"rows": [one] * (MAX_ROWS + 1)}]
    return json.dumps(draw(st.sampled_from(said))).encode()


@st.composite
def _cut(draw, model):
    whole = body(draw(rows(model)))
    return whole[: draw(st.integers(0, len(whole) - 1))]


@st.composite
def _without_a_mark(draw, model):
    """One bracket, comma, colon or quote of the JSON is lost, or comes twice."""
    text = body(draw(rows(model))).decode()
    found = draw(st.sampled_from([*_STRUCTURE.finditer(text)]))
    place = draw(st.sampled_from([found.start(), found.end() - 1]))
    mark = draw(st.sampled_from(["", text[place] * 2]))
    return (text[:place] + mark + text[place + 1 :]).encode()
