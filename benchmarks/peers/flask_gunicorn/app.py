"""Flask behind gunicorn with its default worker: one request at a time, no keep-alive."""

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import TypeAdapter, ValidationError

from benchmarks import fitted
from models._contract import Rows

app = Flask(__name__)
served = fitted.load_all()
readers = {name: TypeAdapter(Rows[each.contract.ROW]) for name, each in served.items()}  # type: ignore[name-defined]


@app.post("/<name>/predict")
def predict(name: str) -> ResponseReturnValue:
    try:
        rows = readers[name].validate_json(request.get_data()).rows
    except ValidationError as error:
        return jsonify(error=error.errors(include_url=False, include_context=False)), 400
    answers = served[name].predict(rows)
    return jsonify(predictions=[answer.model_dump() for answer in answers])
