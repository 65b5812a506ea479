"""FastAPI as tutorials write it: a `def` route, which runs in a thread, and one predict a request.

Two calls of the estimator, one for the label and one for the probability, and for the loans a
DataFrame: that is what such services do. The contract's own rules check the rows.
"""

from typing import Any

import numpy as np
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks import fitted
from models._contract import Rows
from models.breast_cancer import Biopsy, Diagnosis
from models.loan_default import CATEGORICAL, FEATURES, LoanApplication, LoanDecision
from models.sentiment import Opinion, Review

app = FastAPI()
loan_default = fitted.load("loan_default")
breast_cancer = fitted.load("breast_cancer")
sentiment = fitted.load("sentiment")


class LoanAnswer(BaseModel):
    predictions: list[LoanDecision]


class BiopsyAnswer(BaseModel):
    predictions: list[Diagnosis]


class ReviewAnswer(BaseModel):
    predictions: list[Opinion]


@app.post("/loan_default/predict")
def predict_loan_default(request: Rows[LoanApplication]) -> LoanAnswer:
    columns = loan_default.contract.features(request.rows)
    frame = pd.DataFrame(columns, columns=list(FEATURES))
    frame[list(CATEGORICAL)] = frame[list(CATEGORICAL)].astype(str)
    probabilities = loan_default.model.predict_proba(frame)
    return LoanAnswer(predictions=_answers(loan_default, request.rows, probabilities))


@app.post("/breast_cancer/predict")
def predict_breast_cancer(request: Rows[Biopsy]) -> BiopsyAnswer:
    features = breast_cancer.preprocessor.transform(breast_cancer.contract.features(request.rows))
    breast_cancer.model.predict(features)
    probabilities = breast_cancer.model.predict_proba(features)
    return BiopsyAnswer(predictions=_answers(breast_cancer, request.rows, probabilities))


@app.post("/sentiment/predict")
def predict_sentiment(request: Rows[Review]) -> ReviewAnswer:
    features = sentiment.preprocessor.transform(sentiment.contract.features(request.rows))
    sentiment.model.predict(features)
    probabilities = sentiment.model.predict_proba(features)
    return ReviewAnswer(predictions=_answers(sentiment, request.rows, probabilities))


def _answers(served: fitted.Fitted, rows: list[Any], probabilities: Any) -> list[Any]:
    return served.contract.predictions(rows, np.asarray(probabilities), served.policy)
