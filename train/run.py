"""Train one model, judge it, and save it if its gate and the stored model let it pass."""

import time
from dataclasses import replace
from datetime import UTC, datetime

from train import store, track
from train.challenge import champion
from train.display import Result, progress
from train.evaluate import judge
from train.recipe import Order, find


def run(name: str, order: Order, *, force: bool = False, tracked: bool = False) -> Result:
    """The result says whether it was saved, and why if it was not.

    Raises:
        TrackError: `tracked`, and no run can be opened; nothing has been trained then.
    """
    if not tracked:
        return _trained(name, order, force=force)
    with track.opened(name, "train") as open_run:
        return _trained(name, order, force=force, into=open_run)


def _trained(name: str, order: Order, *, force: bool, into: track.Run | None = None) -> Result:
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
            run_id = into.id if into else None
            result = replace(result, tag=store.save(outcome, verdict, started, seconds, run_id))
        if into:
            report("tracking", 1)
            result = replace(result, notes=(_logged(into, order, result, started),))
    return result


def _logged(into: track.Run, order: Order, result: Result, started: datetime) -> str:
    """What to tell the user; a tracker that fails now must not hide what was trained."""
    from train import logged  # noqa: PLC0415 - only when it is asked for

    try:
        logged.training(into, order, result, started)
    except track.TrackError as error:
        return f"run {into.id} is incomplete: {error}"
    return f"run {into.id} in {into.place}"
