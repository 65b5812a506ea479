"""A loaded model, with all that stands around it in a worker."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from models._contract import AnyContract
from monitoring.metrics import ModelMetrics
from monitoring.watch import Watch
from serving import artifact, errors
from serving.artifact import Artifact
from serving.batcher import Batcher

log = structlog.get_logger()


@dataclass(frozen=True)
class Served:
    """A model, the queue in front of it, and who is told of what it answers.

    `watch` is None where there is no reference to compare with, `keep` where nothing is kept.
    """

    contract: AnyContract
    artifact: Artifact
    batcher: Batcher[Any, Any]
    metrics: ModelMetrics
    watch: Watch | None
    keep: Callable[..., None] | None

    async def fault(self, longest: float) -> str:
        """Ask a golden row; say in a sentence what is wrong with the model, or nothing.

        Too busy is not broken, unless one batch has been running for more than `longest` seconds.
        """
        name, golden = self.contract.NAME, self.artifact.golden
        row = self.contract.ROW.model_validate(golden.rows[0])
        started = time.perf_counter()
        try:
            (prediction,) = await self.batcher.submit([row], timeout=longest)
        except errors.ApiError as error:
            busy = error.code == "overloaded" and self.batcher.running_seconds() <= longest
            return "" if busy else f"No answers from {name}."
        except Exception:
            log.exception("golden_row_failed", model=name)
            return f"Wrong answers from {name}."
        if not artifact.same(golden.predictions[0], prediction.model_dump(mode="json")):
            return f"Wrong answers from {name}."
        self.metrics.golden(time.perf_counter() - started)
        return ""

    @property
    def unfinished(self) -> bool:
        """Whether somebody waits for it, or something it answered is not counted yet."""
        return self.batcher.busy or (self.watch is not None and self.watch.waiting)

    def flush(self) -> None:
        """Bring what was counted to where all workers see it."""
        self.metrics.queue_rows = self.batcher.queued_rows
        if self.watch:
            self.watch.flush()
