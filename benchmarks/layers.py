"""What a request costs, step by step: `python -m benchmarks.layers` prints the tables.

In process, in microseconds of one thread. What the socket and the server around it cost is the
difference to the CPU time that `python -m benchmarks` measures from outside.
"""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import uvloop
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.preprocessing import StandardScaler

from benchmarks.clock import timed
from benchmarks.inside import Inside
from benchmarks.table import number, table
from clients.rows import rows as made_up
from models._contract import AnyContract
from monitoring import logs
from serving import wire as wires
from serving.artifact import Artifact
from serving.compiled import compiled
from serving.estimator import SklearnEstimator

SIZES = (1, 8, 64, 512)
CROWD = 32
TREES = (50, 100, 200, 400, 800)
WIDTHS = (5, 10, 20, 40)
LEARNED = 400


def main() -> None:
    uvloop.run(_print())


async def _print() -> None:
    inside = Inside()
    await inside.start()
    models = inside.models
    names = [contract.NAME for contract in models]
    for size in (1, 512):
        columns = [list(steps(*each, size).items()) for each in models.items()]
        rows = [
            [name, *(number(column[at][1]) for column in columns)]
            for at, (name, _) in enumerate(columns[0])
        ]
        _say(f"Steps of one request of {size} row{'s' * (size > 1)}", ("step", *names), rows)
    _say("The whole front", ("requests that come together", *names), await _front(inside))
    head = ("rows", *(f"{name}, {form}" for name in names for form in ("JSON", "Arrow")))
    _say("Rows in a request, microseconds a row", head, list(_rows(models)))
    head = ("trees", *(f"{rows}, {how}" for rows in ("1 row", "32 rows") for how in HOW))
    _say(f"Trees, of depth 3 on {WIDTHS[2]} fields", head, list(_growth(TREES, WIDTHS[2:3])))
    head = ("fields", *head[1:])
    _say("Fields, with 100 trees", head, list(_growth((100,), WIDTHS)))
    line = timed(lambda: logs.json_line(EVENT), times=100)
    sys.stdout.write(f"One line of the log, in its own thread: {number(line)} µs.\n")


HOW = ("as served", "scikit-learn")
EVENT = {
    "event": "request",
    "level": "info",
    "request_id": "0" * 32,
    "method": "POST",
    "path": "/breast_cancer/predict",
    "status": 200,
    "rows": 1,
    "duration_ms": 1.234,
    "timestamp": 1.7e9,
}


def _say(title: str, head: tuple[str, ...], rows: list[list[str]]) -> None:
    sys.stdout.write(f"### {title}\n\n{table(head, rows)}\n")
    sys.stdout.flush()


def body_of(contract: AnyContract, size: int, after: int = 0) -> bytes:
    """A JSON body of valid rows; `after` skips so many of them."""
    return json.dumps({"rows": [*islice(made_up(contract), after, after + size)]}).encode()


def steps(contract: AnyContract, artifact: Artifact, size: int) -> dict[str, float]:
    """Each step alone, in microseconds."""
    wire = wires.wires(contract, arrow_rows=0)[wires.JSON]
    body, runner = body_of(contract, size), artifact.runner
    rows = wire.read(body)
    features = contract.features(rows)
    found = runner.estimator.predict_proba(features)
    answers = runner.predict(rows)
    plain = getattr(runner.estimator, "plain", runner.estimator)
    work: dict[str, Any] = {
        "read and validate": lambda: wire.read(body),
        "rows to features": lambda: contract.features(rows),
        "estimator, as served": lambda: runner.estimator.predict_proba(features),
        "predictions": lambda: contract.predictions(rows, found, runner.policy),
        "write": lambda: wire.write(answers, "version", "0" * 32),
        "the library's own `predict_proba`, for comparison": lambda: plain.predict_proba(features),
    }
    times = 20 if size == 1 else 1
    return {name: timed(each, times) for name, each in work.items()}


async def _front(inside: Inside) -> list[list[str]]:
    rows = []
    for together in (1, CROWD):
        costs = []
        for contract in inside.models:
            bodies = [body_of(contract, 1, after) for after in range(together)]
            costs.append(number(await inside.cost(contract.NAME, bodies)))
        rows.append([f"{together}, of 1 row each; microseconds a request", *costs])
    return rows


def _rows(models: dict[AnyContract, Artifact]) -> Iterator[list[str]]:
    for size in SIZES:
        yield [
            str(size),
            *(number(each / size) for model in models.items() for each in _forms(*model, size)),
        ]


def _forms(contract: AnyContract, artifact: Artifact, size: int) -> Iterator[float | None]:
    """From body to body, as JSON and as Arrow, without the front around it."""
    known = wires.wires(contract, arrow_rows=size)
    rows = known[wires.JSON].read(body_of(contract, size))
    for wire in (known[wires.JSON], known.get(wires.ARROW)):
        if wire is None:
            yield None
            continue
        body = body_of(contract, size) if wire is known[wires.JSON] else _arrow(rows)
        yield timed(lambda: _answer(wire, body, artifact), 20 if size == 1 else 1)  # noqa: B023 - called at once


def _answer(wire: wires.Wire, body: bytes, artifact: Artifact) -> bytes:
    return wire.write(artifact.runner.predict(wire.read(body)), artifact.version, "0" * 32)


def _arrow(rows: list[Any]) -> bytes:
    import pyarrow  # noqa: PLC0415 - an extra that may be missing

    found = pyarrow.Table.from_pylist([row.model_dump(mode="json") for row in rows])
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, found.schema) as stream:
        stream.write_table(found)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _growth(trees: tuple[int, ...], widths: tuple[int, ...]) -> Iterator[list[str]]:
    """The shortcut and the library's own way, on boosted trees of some sizes."""
    random = np.random.default_rng(0)
    for count in trees:
        for width in widths:
            values = random.normal(size=(LEARNED, width))
            y = values[:, 0] + random.normal(size=LEARNED) > 0
            scaler = StandardScaler().fit(values)
            model = GradientBoostingClassifier(n_estimators=count, random_state=0)
            plain = SklearnEstimator(scaler, model.fit(scaler.transform(values), y))
            fast = compiled(plain, values)
            costs = [
                timed(lambda: way.predict_proba(values[:rows]), 5)  # noqa: B023 - called at once
                for rows in (1, CROWD)
                for way in (fast, plain)
            ]
            yield [str(width if len(widths) > 1 else count), *map(number, costs)]


if __name__ == "__main__":
    main()
