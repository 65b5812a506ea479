"""LitServe with batching: one `LitAPI`, so one worker process, a model.

The body is checked by pydantic where LitServe reads it, by the annotation of `decode_request`. A
wait of zero would make its workers spin, so each batch waits a millisecond for company.
"""

from typing import Any

import litserve

from benchmarks import fitted
from models._contract import Rows
from models.breast_cancer import Biopsy
from models.loan_default import LoanApplication
from models.sentiment import Review


# LitServe pickles the body on its way to the worker, so its class needs a name here.
class Loans(Rows[LoanApplication]):
    """The body of a request."""


class Biopsies(Rows[Biopsy]):
    """The body of a request."""


class Reviews(Rows[Review]):
    """The body of a request."""


class Served(litserve.LitAPI):
    name: str

    def setup(self, device: str) -> None:
        self.served = fitted.load(self.name)

    def batch(self, inputs: list[Any]) -> list[Any]:
        return inputs

    def predict(self, batch: list[list[Any]]) -> list[list[Any]]:
        answers = iter(self.served.predict([row for rows in batch for row in rows]))
        return [[next(answers) for _ in rows] for rows in batch]

    def unbatch(self, output: list[list[Any]]) -> list[list[Any]]:
        return output

    def encode_response(self, output: list[Any]) -> dict[str, Any]:
        return {"predictions": [answer.model_dump() for answer in output]}


class LoanDefault(Served):
    name = "loan_default"

    def decode_request(self, request: Loans) -> list[LoanApplication]:
        return request.rows


class BreastCancer(Served):
    name = "breast_cancer"

    def decode_request(self, request: Biopsies) -> list[Biopsy]:
        return request.rows


class Sentiment(Served):
    name = "sentiment"

    def decode_request(self, request: Reviews) -> list[Review]:
        return request.rows


if __name__ == "__main__":
    server = litserve.LitServer(
        [
            each(max_batch_size=64, batch_timeout=0.001, api_path=f"/{each.name}/predict")
            for each in (LoanDefault, BreastCancer, Sentiment)
        ],
        accelerator="cpu",
        workers_per_device=fitted.workers(),
    )
    server.run(
        host="127.0.0.1",
        port=fitted.port(),
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
    )
