"""The OpenAPI document: every route, every status, the one error body, limits and examples.

BentoML makes one of its own, which knows neither our errors nor the routes beside the predictions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from models._contract import AnyContract, Predictions, Rows
from monitoring.drift import Drift
from monitoring.feedback import Outcomes, Taken
from monitoring.windows import WINDOWS
from serving import openapi_arrow
from serving.admission import MOST_MILLISECONDS
from serving.feedback import MOST_BYTES as MOST_FEEDBACK_BYTES
from serving.openapi_answers import ERROR, Schema, bad, good, text

_REF = "#/components/schemas/{model}"
_REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "Echoed in the answer and in the log. One that is not 1 to 128 of "
    "A-Z a-z 0-9 . _ : - is replaced.",
    "schema": {"type": "string", "examples": ["3f1c-42"]},
}
_TIMEOUT = {
    "name": "X-Request-Timeout-Ms",
    "in": "header",
    "description": "How long the client waits; at most the service's own limit, the default.",
    "schema": {"type": "integer", "minimum": 1, "maximum": MOST_MILLISECONDS},
}
_KEYS: Schema = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "bearer": {"type": "http", "scheme": "bearer"},
}
_KEY_NEEDED: list[Schema] = [{"key": []}, {"bearer": []}]
# Only where the service has a file of keys.
_KEY_PERHAPS: list[Schema] = [{}, *_KEY_NEEDED]

_PREDICTING = (400, 401, 403, 405, 413, 415, 429, 500, 503, 504)


def document(contracts: Sequence[AnyContract], *, arrow_rows: int = 0) -> Schema:
    """Describe the service that serves `contracts`, and takes so many rows in Arrow's form."""
    names, schemas = _schemas(contracts)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tabento",
            "version": "1",
            "description": "Predictions of the models in the store, one row or many at once.",
        },
        "paths": {
            **{
                f"/{each.NAME}/predict": {"post": _predict(each, names, arrow_rows)}
                for each in contracts
            },
            **_about(contracts),
            "/models/{model}/drift": _drift(contracts),
            "/models/{model}/reload": _reload(contracts),
            "/models/{model}/feedback": _feedback(contracts),
        },
        "components": {"schemas": {**schemas, "Error": ERROR}, "securitySchemes": _KEYS},
    }


def _schemas(contracts: Sequence[AnyContract]) -> tuple[Mapping[Any, Schema], Schema]:
    bodies: list[Any] = [
        (Drift, "serialization"),
        (Outcomes, "validation"),
        (Taken, "serialization"),
    ]
    for each in contracts:
        bodies += [
            (Rows[each.ROW], "validation"),  # type: ignore[name-defined]
            (Predictions[each.PREDICTION], "serialization"),  # type: ignore[name-defined]
        ]
    references, definitions = models_json_schema(bodies, ref_template=_REF)
    titles = {name: schema["title"] for name, schema in definitions["$defs"].items()}
    named = {titles[name]: _named(schema, titles) for name, schema in definitions["$defs"].items()}
    return {key: _named(schema, titles) for key, schema in references.items()}, named


def _named(schema: Any, titles: Mapping[str, str]) -> Any:
    """Call every schema by its title: pydantic calls a generic one by how it is made."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return {**schema, "$ref": _REF.format(model=titles[schema["$ref"].rpartition("/")[2]])}
        return {key: _named(value, titles) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_named(each, titles) for each in schema]
    return schema


def _predict(contract: AnyContract, references: Mapping[Any, Schema], arrow_rows: int) -> Schema:
    rows, answer = Rows[contract.ROW], Predictions[contract.PREDICTION]  # type: ignore[name-defined]
    examples = [row.model_dump(mode="json") for row in contract.EXAMPLE]
    return {
        "operationId": f"predict_{contract.NAME}",
        "tags": [contract.NAME],
        "security": _KEY_PERHAPS,
        "summary": (contract.ROW.__doc__ or contract.NAME).partition("\n")[0],
        "description": (contract.PREDICTION.__doc__ or "").partition("\n")[0],
        "parameters": [_REQUEST_ID, _TIMEOUT],
        "requestBody": {
            "required": True,
            "description": "At most 8 MiB, where the operator sets no other limit.",
            "content": {
                "application/json": {
                    "schema": references[rows, "validation"],
                    "example": {"rows": examples},
                },
                **openapi_arrow.rows(contract, arrow_rows),
            },
        },
        "responses": {
            "200": good(
                "One prediction a row, in the order asked.",
                references[answer, "serialization"],
                **openapi_arrow.answer(contract, arrow_rows),
            ),
            **bad(*_PREDICTING),
        },
    }


def _about(contracts: Sequence[AnyContract]) -> Schema:
    name = _model(contracts)
    anything = {"type": "object"}
    alive = "Is the process alive, and what has it loaded?"
    able = "Can it answer? The models are asked."
    return {
        "/models": {"get": _read("models", "What is served.", anything, 405, 503)},
        "/models/{model}": {
            "get": _read("model", "All about one model.", anything, 404, 405, 503),
            "parameters": [name],
        },
        "/models/{model}/card": {
            "get": _card(),
            "parameters": [name],
        },
        "/": {"get": _page()},
        "/docs.json": {"get": _read("docs", "This document.", anything, 405)},
        "/schema.json": {"get": _read("schema", "BentoML's own document.", anything, 405)},
        "/health": {"get": _ask("health", alive, good(alive, anything), 405)},
        "/ready": {"get": _ask("ready", able, good(able, anything), 405, 503)},
        "/livez": {"get": _probe("livez", "Is the process alive?", 405)},
        "/healthz": {"get": _probe("healthz", "The same as `/livez`.", 405)},
        "/readyz": {"get": _probe("readyz", "The same as `/ready`, for probes.", 405, 503)},
        "/metrics": {"get": _metrics()},
    }


def _page() -> Schema:
    summary = "This document as a page to try it on."
    return {
        **_ask("page", summary, text(summary, "html"), 401, 405, 429),
        "security": _KEY_PERHAPS,
    }


def _metrics() -> Schema:
    summary = "Prometheus metrics, over all workers."
    metrics = _ask("metrics", summary, text(summary, "plain"), 401, 405, 429)
    return {**metrics, "security": _KEY_PERHAPS}


def _model(contracts: Sequence[AnyContract]) -> Schema:
    return {
        "name": "model",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "enum": [each.NAME for each in contracts]},
    }


def _drift(contracts: Sequence[AnyContract]) -> Schema:
    window = {
        "name": "window",
        "in": "query",
        "description": "The last hour, the last day, or all since the service started.",
        "schema": {"type": "string", "enum": [*WINDOWS], "default": WINDOWS[0]},
    }
    report = {"$ref": _REF.format(model=Drift.__name__)}
    found = _read("drift", "What moved since training.", report, 400, 404, 405, 503)
    return {"get": found, "parameters": [_model(contracts), window]}


def _reload(contracts: Sequence[AnyContract]) -> Schema:
    word = {"type": "string"}
    outcome = {
        "type": "object",
        "required": ["model", "before", "version", "changed"],
        "properties": {
            "model": word,
            "before": {**word, "description": "Version served until now."},
            "version": {**word, "description": "Version served from now on."},
            "changed": {"type": "boolean"},
        },
    }
    summary = "Serve what the store says is to be served; needs a key that may."
    found = _read("reload", summary, outcome, 401, 403, 404, 405, 409, 429, 503, 504)
    return {"post": {**found, "security": _KEY_NEEDED}, "parameters": [_model(contracts)]}


def _feedback(contracts: Sequence[AnyContract]) -> Schema:
    told = {"outcomes": [{"request_id": "order-4711", "row": 0, "outcome": True}]}
    schema = {"$ref": _REF.format(model=Outcomes.__name__)}
    body = {
        "required": True,
        "description": f"At most {MOST_FEEDBACK_BYTES // 2**10} KiB.",
        "content": {"application/json": {"schema": schema, "example": told}},
    }
    taken = {"$ref": _REF.format(model=Taken.__name__)}
    answers = (400, 401, 403, 404, 405, 413, 415, 429, 503, 504)
    found = _read("feedback", "Tell what came of predictions that were kept.", taken, *answers)
    return {"post": {**found, "requestBody": body}, "parameters": [_model(contracts)]}


def _read(operation: str, summary: str, schema: Schema, *statuses: int) -> Schema:
    """A question that needs a key where all do."""
    found = good(summary, schema)
    return {**_ask(operation, summary, found, 401, 429, *statuses), "security": _KEY_PERHAPS}


def _card() -> Schema:
    summary = "The model card: a page, or Markdown for `Accept: text/markdown`."
    card = _ask("card", summary, text(summary, "html", "markdown"), 401, 404, 405, 429, 503)
    return {**card, "security": _KEY_PERHAPS}


def _ask(operation: str, summary: str, good: Schema, *statuses: int) -> Schema:
    return {
        "operationId": operation,
        "tags": ["about"],
        "summary": summary,
        "parameters": [_REQUEST_ID],
        "responses": {"200": good, **bad(*statuses)},
    }


def _probe(operation: str, summary: str, *statuses: int) -> Schema:
    """A question that nobody needs a key for."""
    return _ask(operation, summary, text(summary, "plain"), *statuses)
