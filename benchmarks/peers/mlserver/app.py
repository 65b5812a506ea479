"""MLServer with adaptive batching: a custom runtime that speaks the Open Inference Protocol.

A model of numbers alone takes one tensor, shape (rows, fields); any other takes one input a field.
The rows are then checked by the contract, as everywhere. The answer is one string of JSON a row.
"""

from typing import Any

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.errors import MLServerError
from mlserver.types import InferenceRequest, InferenceResponse, RequestInput
from pydantic import TypeAdapter, ValidationError

from benchmarks import fitted


class Served(MLModel):
    async def load(self) -> bool:
        self.served = fitted.load(self.name)
        row: Any = self.served.contract.ROW
        self.fields = list(row.model_fields)
        self.read = TypeAdapter(list[row]).validate_python
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        try:
            rows = self.read(self.rows(payload.inputs))
        except ValidationError as error:
            raise MLServerError(str(error), status_code=400) from error
        answers = [answer.model_dump_json() for answer in self.served.predict(rows)]
        output = StringCodec.encode_output("predictions", answers, use_bytes=False)
        return InferenceResponse(model_name=self.name, outputs=[output])

    def rows(self, inputs: list[RequestInput]) -> list[dict[str, Any]]:
        if len(inputs) == 1 and len(self.fields) > 1:
            values, width = inputs[0].data.root, len(self.fields)
            return [
                dict(zip(self.fields, values[start : start + width], strict=True))
                for start in range(0, len(values), width)
            ]
        names = [each.name for each in inputs]
        columns = [each.data.root for each in inputs]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
