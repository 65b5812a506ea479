"""BentoML as its documentation shows adaptive batching: `batchable=True`, else as it comes."""

import bentoml

from benchmarks import fitted
from models.breast_cancer import Biopsy, Diagnosis
from models.loan_default import LoanApplication, LoanDecision
from models.sentiment import Opinion, Review


@bentoml.service(name="stock", workers=fitted.workers())
class Stock:
    def __init__(self) -> None:
        self.served = fitted.load_all()

    @bentoml.api(route="/loan_default/predict", batchable=True)
    def predict_loan_default(self, rows: list[LoanApplication]) -> list[LoanDecision]:
        return self.served["loan_default"].predict(rows)

    @bentoml.api(route="/breast_cancer/predict", batchable=True)
    def predict_breast_cancer(self, rows: list[Biopsy]) -> list[Diagnosis]:
        return self.served["breast_cancer"].predict(rows)

    @bentoml.api(route="/sentiment/predict", batchable=True)
    def predict_sentiment(self, rows: list[Review]) -> list[Opinion]:
        return self.served["sentiment"].predict(rows)
