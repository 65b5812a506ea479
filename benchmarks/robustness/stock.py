"""A BentoML service as its tutorials write one: scikit-learn's model, pydantic rows, batching.

`python -m benchmarks.robustness.stock` saves its model; `bentoml serve` of this module serves it.
"""

import os
from typing import Any

import bentoml
import numpy as np
from pydantic import create_model
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from models.breast_cancer import Biopsy

# The same thirty numbers, without Tabento's ranges and strictness: a tutorial writes `x: float`.
FIELDS: dict[str, Any] = dict.fromkeys(Biopsy.model_fields, (float, ...))
Row: Any = create_model("Row", **FIELDS)
LIMIT = os.environ.get("STOCK_MAX_CONCURRENCY")


@bentoml.service(
    name="stock", traffic={"max_concurrency": int(LIMIT)} if LIMIT else {"timeout": 60}
)
class Stock:
    """One model, one route."""

    def __init__(self) -> None:
        self.model = bentoml.sklearn.load_model("breast_cancer_stock:latest")

    @bentoml.api(batchable=True)  # type: ignore[untyped-decorator]
    def predict(self, rows: list[Row]) -> list[float]:
        features = np.array([list(row.model_dump().values()) for row in rows])
        return list(map(float, self.model.predict_proba(features)[:, 0]))


def main() -> None:
    """Fit and save."""
    features, malignant = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), GradientBoostingClassifier(random_state=0))
    bentoml.sklearn.save_model("breast_cancer_stock", model.fit(features, malignant))


if __name__ == "__main__":
    main()
