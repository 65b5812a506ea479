"""mosec with dynamic batching: its HTTP front in Rust, one Python process a model and worker.

One stage, in which pydantic reads the bytes. A stage of its own for that, as mosec's example has
it, keeps a bad request from its batch-mates, but ships every row between two processes: slower.
"""

from collections.abc import Sequence
from typing import Any

from mosec import Runtime, Server, ValidationError, Worker
from pydantic import TypeAdapter
from pydantic import ValidationError as Invalid

from benchmarks import fitted
from models._contract import Rows


class Served(Worker):
    name: str

    def __init__(self) -> None:
        super().__init__()
        self.served = fitted.load(self.name)
        contract = self.served.contract
        self.read = Rows[contract.ROW].__pydantic_validator__.validate_json  # type: ignore[name-defined]
        self.write = TypeAdapter(list[contract.PREDICTION]).serializer.to_json  # type: ignore[name-defined]

    def deserialize(self, data: bytes) -> list[Any]:
        try:
            rows: list[Any] = self.read(data).rows
        except Invalid as error:
            raise ValidationError(str(error)) from error
        return rows

    def forward(self, data: Sequence[list[Any]]) -> list[list[Any]]:
        answers = iter(self.served.predict([row for rows in data for row in rows]))
        return [[next(answers) for _ in rows] for rows in data]

    def serialize(self, data: list[Any]) -> bytes:
        return b'{"predictions":%b}' % self.write(data)


class LoanDefault(Served):
    name = "loan_default"


class BreastCancer(Served):
    name = "breast_cancer"


class Sentiment(Served):
    name = "sentiment"


if __name__ == "__main__":
    server = Server()
    server.register_runtime(
        {
            f"/{worker.name}/predict": [
                Runtime(worker, num=fitted.workers(), max_batch_size=64, max_wait_time=1)
            ]
            for worker in (LoanDefault, BreastCancer, Sentiment)
        }
    )
    server.run()
