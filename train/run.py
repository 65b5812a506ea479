"""Train one model, judge it, and save it if its gate and the stored model let it pass."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from train import store
from train.challenge import champion
from train.display import Result, progress
from train.evaluate import judge
from train.recipe import Order, find


def run(name: str, order: Order, *, force: bool = False) -> Result:
    """The result says whether it was saved, and why if it was not."""
    started, clock = datetime.now(UTC), time.perf_counter()
    recipe = find(name)
    with progress(name) as report:
        report("loading libraries", 0)
        outcome = recipe.train(order, report)
        seconds = time.perf_counter() - clock
        report("evaluating", 1)
        verdict = judge(outcome, champion(recipe.CONTRACT))
        result = Result(name, outcome, verdict, None)
        if verdict.passed or force:
            report("saving", 1)
            result = replace(result, tag=store.save(outcome, verdict, started, seconds))
    return result
