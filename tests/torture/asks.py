"""What is asked of a service under torture: all models, good and bad, small and large."""

import json

from clients.traffic import Ask
from models import breast_cancer, loan_default, sentiment


def ask(path, rows, *headers):
    fields = (("Content-Type", "application/json"), *headers)
    return Ask(path, json.dumps({"rows": rows}).encode(), headers=fields)


def example(model, count=1):
    rows = [row.model_dump(mode="json", by_alias=True) for row in model.EXAMPLE]
    return (rows * count)[:count]


GOOD = [ask(f"/{m.NAME}/predict", example(m)) for m in (loan_default, breast_cancer, sentiment)]
LARGE = [ask(f"/{m.NAME}/predict", example(m, 64)) for m in (loan_default, breast_cancer)]
BAD = [
    ask("/sentiment/predict", [{"text": 5}]),
    ask("/breast_cancer/predict", []),
    ask("/sentiment/predict", example(sentiment), ("X-Request-Timeout-Ms", "soon")),
    Ask("/loan_default/predict", b'{"rows": [{"'),
    Ask("/sentiment/predict", b"a=b", headers=(("Content-Type", "text/plain"),)),
    Ask("/no/such/route", b""),
]
# Half a second of work and more, so that it is in flight when something happens.
LONG = ask(
    "/sentiment/predict", [{"text": f"{n} was a very good film indeed. " * 150} for n in range(512)]
)
