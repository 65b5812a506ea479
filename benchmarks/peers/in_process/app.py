"""The other limit: no HTTP at all. Also the judge: what it answers, every peer must answer.

Reads from its input, as JSON, where the bodies are, `{model: {mix: file}}`, one body a line, and
writes `{"answers": {model: {mix: [...]}}, "times": {model: {mix: {...}}}}`.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from benchmarks import fitted
from models._contract import Rows

SECONDS = 0.2


def answers(served: fitted.Fitted, bodies: list[bytes]) -> list[Any]:
    """Give the predictions for each body."""
    read = _read(served)
    return [
        [each.model_dump(mode="json") for each in served.predict(read(body).rows)]
        for body in bodies
    ]


def times(plain: fitted.Fitted, faster: fitted.Fitted, bodies: list[bytes]) -> dict[str, float]:
    """Give microseconds a call: of the estimator, of Tabento's call of it, of all but HTTP."""
    read = _read(plain)
    write = TypeAdapter(list[plain.contract.PREDICTION]).serializer.to_json  # type: ignore[name-defined]
    features = [plain.contract.features(read(body).rows) for body in bodies]
    return {
        "estimator": _microseconds(plain.call, features),
        "shortcut": _microseconds(faster.call, features),
        "whole": _microseconds(lambda body: write(plain.predict(read(body).rows)), bodies),
    }


def _read(served: fitted.Fitted) -> Callable[[bytes], Any]:
    return Rows[served.contract.ROW].__pydantic_validator__.validate_json  # type: ignore[name-defined]


def _microseconds(call: Callable[[Any], Any], inputs: list[Any]) -> float:
    taken: list[float] = []
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for each in inputs:
            started = time.perf_counter()
            call(each)
            taken.append(time.perf_counter() - started)
    return round(statistics.median(taken) * 1e6, 1)


def main() -> None:
    told: dict[str, dict[str, Any]] = {"answers": {}, "times": {}}
    for name, files in json.load(sys.stdin).items():
        plain, faster = fitted.load(name, shortcut=False), fitted.load(name, shortcut=True)
        bodies = {mix: Path(file).read_bytes().splitlines() for mix, file in files.items()}
        told["answers"][name] = {mix: answers(plain, each) for mix, each in bodies.items()}
        told["times"][name] = {mix: times(plain, faster, each) for mix, each in bodies.items()}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
