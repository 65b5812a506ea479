"""All models of one worker: loaded in the background, checked, and asked by name."""

import gc
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bentoml
import structlog

from models._contract import AnyContract, Predictions
from monitoring.metrics import Metrics
from serving import artifact, errors, exchange
from serving.artifact import ArtifactError
from serving.batcher import Batcher, Limits
from serving.exchange import Exchange
from serving.keeping import Keeping
from serving.runner import BadOutputError
from serving.served import Served
from serving.watching import watch

log = structlog.get_logger()

# A probe's answer holds this long, so that probing often costs nothing.
FRESH_SECONDS = 1.0
# Where nobody probes, the worker asks itself as often.
RECHECK_SECONDS = 30.0


class Bundle:
    """The models of one worker.

    Args:
        stored: Where each model lies in the store.
        limits: Of each model's batcher.
        timeout: Seconds after which a request is not worth starting.
        allow_version_mismatch: See `settings.Settings`.
        metrics: Where runs are counted.
        keeping: Keeps what was answered.
        public_key: See `settings.Settings.model_public_key`.
    """

    def __init__(  # noqa: PLR0913 - each is given by name
        self,
        stored: Mapping[AnyContract, bentoml.Model],
        *,
        limits: Limits,
        timeout: float,
        allow_version_mismatch: bool,
        metrics: Metrics,
        keeping: Keeping,
        public_key: Path | None = None,
    ) -> None:
        self.contracts = {contract.NAME: contract for contract in stored}
        self.served: dict[str, Served] = {}
        self._retired: list[Served] = []
        self.started = time.monotonic()
        self.metrics = metrics
        self.keeping = keeping
        self._stored = stored
        self.limits = limits
        self.timeout = timeout
        self.draining = False
        self._allow_version_mismatch = allow_version_mismatch
        self._public_key = public_key
        self._executor = ThreadPoolExecutor(len(stored), thread_name_prefix="predict")
        self._checked = -FRESH_SECONDS
        self._unready = "The models are being loaded; try again later."

    def load(self) -> None:
        """Load and check every model, one after the other.

        Raises:
            ArtifactError: one can not be served; then none is.
        """
        served = {
            contract.NAME: self.load_one(contract, stored)
            for contract, stored in self._stored.items()
        }
        self.served.update(served)
        self._unready = ""
        _spare_the_collector()
        log.info("ready", pid=os.getpid(), models=self.hashes)

    @property
    def hashes(self) -> dict[str, str]:
        """The sha256 of each loaded model, by its tag."""
        return {each.artifact.tag: each.artifact.sha256 for each in self.served.values()}

    def replace(self, served: Served) -> None:
        """Serve this one from now on; what waits for the old one is still answered by it."""
        name = served.contract.NAME
        old = self.served[name]
        self.served[name] = served
        self._retired.append(old)
        self.metrics.unloaded(name, old.artifact.version, old.artifact.sha256)
        _spare_the_collector()

    def load_one(self, contract: AnyContract, stored: bentoml.Model) -> Served:
        """Load and check a model, and make its queue.

        Raises:
            ArtifactError: it can not be served.
        """
        started = time.perf_counter()
        loaded = artifact.read(
            contract,
            stored,
            allow_version_mismatch=self._allow_version_mismatch,
            public_key=self._public_key,
        )
        self.metrics.loaded(contract.NAME, loaded.version, loaded.sha256)
        log.info(
            "model_loaded",
            model=contract.NAME,
            tag=loaded.tag,
            sha256=loaded.sha256,
            synthetic=loaded.manifest.data.synthetic,
            seconds=round(time.perf_counter() - started, 3),
        )
        metrics = self.metrics.models[contract.NAME]
        metrics.golden(loaded.golden_seconds)
        batcher: Batcher[Any, Any] = Batcher(
            loaded.runner.predict,
            self.limits,
            self._executor,
            lambda batch: metrics.ran(batch.rows, batch.seconds),
        )
        watched, keep = watch(loaded, self.metrics), self.keeping.of(contract, loaded)
        return Served(contract, loaded, batcher, metrics, watched, keep)

    def get(self, model: str) -> Served:
        """Find a loaded model.

        Raises:
            ApiError: 404 for a name that no model has, 503 while models are loading.
        """
        if model not in self.contracts:
            names = ", ".join(self.contracts)
            msg = f"There is no such model; there are {names}."
            raise errors.ApiError(404, msg)
        if model not in self.served:
            raise errors.not_ready(self._unready)
        return self.served[model]

    def waits(self, model: str, rows: int) -> bool:
        """Whether so many rows for `model` would wait, long enough for their client to leave."""
        return model in self.served and self.served[model].batcher.waits(rows)

    def queued_rows(self, model: str) -> int:
        """Rows that wait for `model` now."""
        return self.served[model].batcher.queued_rows if model in self.served else 0

    def stop(self) -> None:
        """Refuse what still waits: this process ends."""
        for each in [*self._retired, *self.served.values()]:
            each.batcher.stop()

    async def predict(
        self, model: str, rows: Sequence[Any], here: Exchange, weight: int | None = None
    ) -> list[Any]:
        """Answer one request's rows.

        Raises:
            ApiError: whatever went wrong, as the client is to be told.
        """
        served = self.get(model)
        here.version = served.artifact.version
        try:
            # To read a large body has taken some of it.
            left = (here.timeout or self.timeout) - (time.perf_counter() - here.started)
            predictions = await served.batcher.submit(
                rows, weight=weight, timeout=left, passage=here
            )
        except errors.ApiError:
            raise
        except BadOutputError as error:
            # Whether it was the row or the model is for the next probe to find out, at once.
            self._checked = -FRESH_SECONDS
            _tell_failed(served, here, error)
            raise errors.internal("bad_output") from error
        except Exception as error:
            _tell_failed(served, here, error)
            raise errors.internal() from error
        self._told(served, here, rows, predictions)
        return predictions

    def _told(
        self, served: Served, here: Exchange, rows: Sequence[Any], predictions: list[Any]
    ) -> None:
        """Hand over what was answered to all that look at it later; nothing here may take long."""
        if served.watch:
            served.watch.add(rows, predictions)
        if served.keep:
            served.keep(here.request_id, rows, predictions)

    def flush(self) -> None:
        """Bring what was counted to where all workers see it: to be called once a second."""
        # First those that were replaced: the count of what waits is the newer one's.
        for served in [*self._retired, *self.served.values()]:
            served.flush()
        # Whoever still waits for an old one is answered and counted before it goes.
        self._retired = [each for each in self._retired if each.unfinished]
        self.metrics.flush()

    async def answer(self, contract: AnyContract, rows: Sequence[Any]) -> Predictions[Any]:
        """Do the same for BentoML's methods, with the whole body around the predictions.

        Raises:
            ApiError: the same, left for the front to render.
        """
        here = exchange.current.get() or exchange.of({})
        here.rows = len(rows)
        try:
            predictions = await self.predict(contract.NAME, rows, here)
        except errors.ApiError as error:
            exchange.leave(error)
            raise
        return Predictions[contract.PREDICTION](  # type: ignore[name-defined]
            model=contract.NAME,
            version=here.version,
            request_id=here.request_id,
            predictions=predictions,
        )

    async def unready(self) -> str:
        """Say why requests should go elsewhere; empty when all is well.

        Every model is asked one golden row, at most once a second: a model that stopped giving the
        answers it was trained to give, or any, is not ready.
        """
        if self.draining:
            return "The service is about to stop."
        now = time.monotonic()
        if self.served and now - self._checked >= FRESH_SECONDS:
            self._checked = now
            faults = [await each.fault(self.timeout) for each in self.served.values()]
            self._unready = " ".join(filter(None, faults))
        return self._unready

    async def recheck(self) -> None:
        """Check what no probe has checked for a while, so that its age says something."""
        if time.monotonic() - self._checked >= RECHECK_SECONDS:
            await self.unready()


def _tell_failed(served: Served, here: Exchange, error: Exception) -> None:
    """Log the cause with its trace; the client is told the request's id."""
    log.error(
        "prediction_failed",
        exc_info=error,
        model=served.contract.NAME,
        version=served.artifact.version,
        request_id=here.request_id,
        rows=here.rows,
        key=here.key,
    )


def _spare_the_collector() -> None:
    """Keep the garbage collector from walking what stays for ever: it made the slowest requests.

    Called when all is imported and every model has predicted; what a request leaves behind is
    little. What takes it long are rows of large bodies: it looks at few at a time, and rarely at
    those that stay for a while.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 500, 100)


def load_in_background(bundle: Bundle, refuse: Callable[[str], None]) -> None:
    """Load while the health routes answer; a model that can not be served ends the process."""

    def load() -> None:
        try:
            bundle.load()
        except ArtifactError as error:
            refuse(str(error))
        except Exception as error:
            log.exception("load_failed")
            refuse(f"The models can not be loaded: {error}")

    # A daemon: a process that is told to stop does not wait for it.
    threading.Thread(target=load, name="load", daemon=True).start()
