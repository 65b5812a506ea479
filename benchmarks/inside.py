"""The real service in this process, all of it but the socket."""

import asyncio
from collections.abc import Sequence
from statistics import median
from time import thread_time
from typing import Any

import bentoml

from models._contract import AnyContract
from service import CONTRACTS, SERVICE
from serving.artifact import Artifact
from serving.asgi import App, Message

ROUNDS = 40


class Inside:
    """Starts with `start`, inside the event loop that it is asked in."""

    def __init__(self) -> None:
        self._app: Any = SERVICE.to_asgi()
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._ready = asyncio.Event()
        self._failed = ""

    async def start(self) -> None:
        """Load the models, and wait for them."""
        await self._inbox.put({"type": "lifespan.startup"})
        scope = {"type": "lifespan", "asgi": {}, "state": {}}
        self._running = asyncio.create_task(self._app(scope, self._inbox.get, self._told))
        await self._ready.wait()
        if self._failed:
            await self._running
            raise RuntimeError(self._failed)
        while not self._bundle.served:
            await asyncio.sleep(0.1)

    async def _told(self, message: Message) -> None:
        """A start that failed must not be waited for."""
        if message["type"] == "lifespan.startup.failed":
            self._failed = message.get("message") or "the service did not start"
        if message["type"].startswith("lifespan.startup."):
            self._ready.set()

    @property
    def _bundle(self) -> Any:
        return bentoml.get_current_service().bundle

    @property
    def models(self) -> dict[AnyContract, Artifact]:
        """What is loaded."""
        return {each: self._bundle.served[each.NAME].artifact for each in CONTRACTS}

    async def cost(self, model: str, bodies: Sequence[bytes]) -> float:
        """Microseconds of the event loop's thread for each of some requests that come together."""
        found = []
        for _ in range(ROUNDS):
            before = thread_time()
            await asyncio.gather(
                *[_ask(self._app.middleware_stack, model, each) for each in bodies]
            )
            found.append((thread_time() - before) / len(bodies))
        return median(found) * 1e6


async def _ask(front: App, model: str, body: bytes) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message.get("status", 200) != 200:  # noqa: PLR2004 - the status OK
            msg = f"{model} answered {message['status']}"
            raise RuntimeError(msg)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": f"/{model}/predict",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))],
    }
    await front(scope, receive, send)
