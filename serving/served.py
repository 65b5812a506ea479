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

    async def answers(self) -> bool:
        """Ask a golden row: whether it is answered as in training, or the model is just busy."""
        golden = self.artifact.golden
        row = self.contract.ROW.model_validate(golden.rows[0])
        started = time.perf_counter()
        try:
            (prediction,) = await self.batcher.submit([row])
        except errors.ApiError as error:
            # Too busy is not broken.
            return error.code == "overloaded"
        except Exception:
            log.exception("golden_row_failed", model=self.contract.NAME)
            return False
        right = artifact.same(golden.predictions[0], prediction.model_dump(mode="json"))
        if right:
            self.metrics.golden(time.perf_counter() - started)
        return right

    @property
    def unfinished(self) -> bool:
        """Whether somebody waits for it, or something it answered is not counted yet."""
        return self.batcher.busy or (self.watch is not None and self.watch.waiting)

    def flush(self) -> None:
        """Bring what was counted to where all workers see it."""
        self.metrics.queue_rows = self.batcher.queued_rows
        if self.watch:
            self.watch.flush()
