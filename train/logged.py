"""What a training leaves in an experiment tracker."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import bentoml

from train import card
from train.bootstrap import Measured
from train.display import Result
from train.evaluate import scores
from train.evidence import evidence
from train.picture import Picture, pictures
from train.recipe import Order
from train.revision import lock_sha256
from train.track import Run

FILES = ("manifest.json", "evaluation.json", "card.html", "card.md")


def training(run: Run, order: Order, result: Result, started: datetime) -> None:
    """All that was asked and found, of a refused model as well.

    Raises:
        TrackError: the tracker does not take it.
    """
    run.parameters(_parameters(order, result))
    run.metrics(dict(_metrics(result)))
    run.tags(_tags(result))
    drawn = _pictures(result)
    for name, content in _files(result, started, drawn).items():
        run.file(name, content)
    for picture in drawn:
        run.file(f"pictures/{_name(picture.title)}.svg", picture.svg)


def intervals(metrics: Mapping[str, Measured], prefix: str = "") -> Iterator[tuple[str, float]]:
    """Each metric and both ends of its interval."""
    for name, measured in metrics.items():
        yield f"{prefix}{name}", measured.value
        yield f"{prefix}{name}.low", measured.interval[0]
        yield f"{prefix}{name}.high", measured.interval[1]


def asked(order: Order) -> dict[str, Any]:
    """The order as parameters; of the file only its name, for its folder may say too much."""
    said = vars(order) | {"data": order.data.name if order.data else "built in"}
    return {f"order.{name}": value for name, value in said.items() if value is not None}


def _parameters(order: Order, result: Result) -> dict[str, Any]:
    outcome = result.outcome
    rows = {f"rows.{part}": count for part, count in outcome.data.rows.items()}
    model = {f"model.{name}": value for name, value in outcome.runner.estimator.parameters.items()}
    calibrated = outcome.calibration
    return {
        **asked(order),
        **rows,
        "split": outcome.data.split_by,
        "estimator": outcome.runner.estimator.kind,
        "threshold": outcome.runner.policy.threshold,
        "calibrated": bool(calibrated and calibrated.applied),
        **({f"tuned.{n}": v for n, v in outcome.tuning.chosen.items()} if outcome.tuning else {}),
        **model,
    }


def _metrics(result: Result) -> Iterator[tuple[str, float]]:
    """Those of the model, then of every contender of every split with its interval."""
    yield from result.verdict.metrics.items()
    for found in result.verdict.findings:
        for who, metrics in found.metrics.items():
            yield from intervals(metrics, f"{_name(found.split)}/{who}/")


def _tags(result: Result) -> dict[str, str]:
    data = result.outcome.data
    return {
        "gate": "passed" if result.verdict.passed else "failed",
        "refused": "; ".join(result.verdict.failures),
        "bentoml_tag": result.tag or "not saved",
        "data": data.source,
        "data_sha256": data.fingerprint,
        "split_sha256": data.split or "",
        "lock_sha256": lock_sha256() or "",
        "synthetic": str(data.synthetic).lower(),
    }


def _files(result: Result, started: datetime, drawn: list[Picture]) -> dict[str, bytes]:
    """As stored; of a refused model what would have been stored."""
    if result.tag:
        folder = Path(bentoml.models.get(result.tag).path)
        return {name: (folder / name).read_bytes() for name in FILES}
    page = card.of(result.outcome, result.verdict, started, drawn)
    return {
        "evaluation.json": evidence(result.outcome, result.verdict),
        "card.html": card.html(page).encode(),
        "card.md": card.markdown(page).encode(),
    }


def _pictures(result: Result) -> list[Picture]:
    outcome = result.outcome
    found = scores(outcome.runner, outcome.score, outcome.parts["test"])
    return pictures(outcome, result.verdict, found)


def _name(text: str) -> str:
    """Safe in a path and in the name of a metric: `random 70/10/20` is `random_70_10_20`."""
    words = "".join(letter if letter.isalnum() else " " for letter in text)
    return "_".join(words.lower().split())
