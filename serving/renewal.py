"""A newer model takes the place of the old one while the service runs.

It is loaded and checked beside the old one, which answers meanwhile, and then put in its place
between two batches: what waits for the old model is answered by the old one. A model that can not
be trusted changes nothing, and is told of.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import bentoml
import structlog

from models._contract import AnyContract
from serving.artifact import ArtifactError
from serving.bundle import Bundle
from serving.served import Served

log = structlog.get_logger()

# How often it is looked whether the models are loaded.
_LOADING_S = 0.1


@dataclass(frozen=True)
class Renewed:
    """What became of one look into the store: the versions before and now."""

    model: str
    before: str
    version: str

    @property
    def changed(self) -> bool:
        """Whether another version is served now."""
        return self.before != self.version

    def as_dict(self) -> dict[str, Any]:
        """As it is told over HTTP."""
        return asdict(self) | {"changed": self.changed}


class Renewal:
    """Looks for newer models, one at a time.

    Args:
        bundle: Whose models are replaced.
        contracts: Of its models.
        find: Says which stored model is to be served; asked in another thread.
    """

    def __init__(
        self,
        bundle: Bundle,
        contracts: Sequence[AnyContract],
        find: Callable[[str], bentoml.Model],
    ) -> None:
        self._bundle = bundle
        self._contracts = {contract.NAME: contract for contract in contracts}
        self._find = find
        self._looking = asyncio.Lock()
        self._told: dict[str, str] = {}

    async def model(self, name: str) -> Renewed:
        """Serve what the store says is to be served.

        Raises:
            ApiError: 404 or 503, as any question for a model that is not loaded.
            ArtifactError: it can not be served; the old one still is.
        """
        async with self._looking:
            before = self._bundle.get(name).artifact
            served = await asyncio.to_thread(self._newer, name, before.tag)
            if served is None:
                return Renewed(name, before.version, before.version)
            self._bundle.replace(served)
            after = served.artifact
            log.info("model_replaced", model=name, before=before.tag, now=after.tag)
            return Renewed(name, before.version, after.version)

    def _newer(self, name: str, before: str) -> Served | None:
        """Load what is to be served; None where that is what is.

        A store can be wrong in ways that nobody thought of. The service goes on with the old model
        whatever they are, and goes on looking.
        """
        try:
            stored = self._find(name)
            if str(stored.tag) == before:
                return None
            return self._bundle.load_one(self._contracts[name], stored)
        except ArtifactError:
            raise
        except Exception as error:
            msg = f"{name} can not be loaded from the store: {type(error).__name__}"
            raise ArtifactError(msg) from error

    async def all(self) -> None:
        """Do the same for every model; what can not be served is logged, once for each cause.

        Not before all are loaded: which they are was found out when this worker began.
        """
        while not self._bundle.served:
            await asyncio.sleep(_LOADING_S)
        for name in self._contracts:
            try:
                await self.model(name)
            except ArtifactError as error:
                if self._told.get(name) != str(error):
                    cause = error.__cause__
                    log.error("model_not_replaced", model=name, error=str(error), exc_info=cause)  # noqa: TRY400 - it says all
                    self._told[name] = str(error)
            else:
                self._told.pop(name, None)


def renew_on_sighup(renewal: Renewal) -> None:
    """Look for newer models at SIGHUP. Call it in the server's event loop."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def look() -> None:
        task = loop.create_task(renewal.all())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGHUP, look)
