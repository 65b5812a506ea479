"""The HTTP front: the outermost layer of the service.

It reads, limits and validates a prediction request once, hands it to the batcher and writes one
answer. Everything else passes through to BentoML, and whatever error comes back leaves in the one
error body.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from structlog.typing import EventDict

from monitoring.metrics import ModelMetrics
from serving import body as bodies
from serving import errors, exchange
from serving.asgi import App, Message, Receive, Scope, Send, replay, respond
from serving.body import ClientGoneError
from serving.bundle import Bundle
from serving.envelope import Envelope, refuse
from serving.errors import ApiError
from serving.exchange import Exchange
from serving.wire import Wire, choose, wires

log = structlog.get_logger()

T = TypeVar("T")

# Routes that are not predictions. A path outside is counted as "other": a scan must not make
# series.
PATHS = frozenset(
    {
        *("/livez", "/healthz", "/readyz", "/metrics", "/health", "/ready", "/models"),
        *("/", "/docs.json", "/schema.json"),
    }
)
# A larger body is read, and its answer written, in a thread: it would keep the event loop too long.
ASIDE_BYTES = 2**18
# The most of a path that is logged.
PATH_LENGTH = 128
# The status that stands in logs and metrics for a client that left before its request was whole.
CLIENT_GONE = 499


class Hoist:
    """The middleware that BentoML is given; it lifts the front above all of BentoML's own layers.

    BentoML puts a service's middleware inside its tracing and time-out layers, which then cost more
    than the model and answer in bodies of their own. When the service has started, the whole stack
    is known: it becomes what the front passes through to, and this layer does no more.
    """

    def __init__(self, app: App, *, make: Callable[[App], "Front"]) -> None:
        self._app = app
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        outer = scope["app"]

        async def lift(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                outer.middleware_stack = self._make(outer.middleware_stack)
            await send(message)

        await self._app(scope, receive, lift)


@dataclass(frozen=True)
class BodyLimits:
    """How large a body may be, and how many rows one in Arrow's form may hold."""

    body_bytes: int
    arrow_rows: int


@dataclass(frozen=True)
class Endpoint:
    """All that one prediction route needs, looked up and compiled once."""

    path: str
    model: str
    metrics: ModelMetrics
    wires: Mapping[bytes, Wire]


class Front:
    """See the module.

    Args:
        inner: BentoML's whole stack.
        bundle: Whose models are asked.
        record: Takes one event a request, for the log.
        limits: What is larger is refused.
        direct: Answer predictions here; else pass them through too.
    """

    def __init__(
        self,
        inner: App,
        bundle: Bundle,
        record: Callable[[EventDict], None],
        *,
        limits: BodyLimits,
        direct: bool,
    ) -> None:
        self._inner = inner
        self._bundle = bundle
        self._record = record
        self._limits = limits
        self._direct = direct
        endpoints = [
            Endpoint(
                path=f"/{name}/predict",
                model=name,
                metrics=bundle.metrics.models[name],
                # BentoML's own layers know JSON only.
                wires=wires(contract, arrow_rows=limits.arrow_rows if direct else 0),
            )
            for name, contract in bundle.contracts.items()
        ]
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started = time.perf_counter()
        here = exchange.of(dict(scope["headers"]))
        endpoint = self._endpoints.get(scope["path"])
        if endpoint is None:
            status = await self._through(scope, receive, send, here)
            path = scope["path"][:PATH_LENGTH]
        else:
            path = endpoint.path
            endpoint.metrics.in_flight += 1
            try:
                status = await self._predict(endpoint, here, scope, receive, send)
            finally:
                endpoint.metrics.in_flight -= 1
                seconds = time.perf_counter() - started
                endpoint.metrics.duration.observe(seconds)
        self._tell(here, scope["method"], path, status, started)

    def _tell(self, here: Exchange, method: str, path: str, status: int, started: float) -> None:
        self._bundle.metrics.answered(self._label(path), status)
        self._record(
            {
                "event": "request",
                "level": "info",
                "request_id": here.request_id,
                "method": method,
                "path": path,
                "status": status,
                "rows": here.rows,
                "duration_ms": round((time.perf_counter() - started) * 1e3, 3),
                "timestamp": time.time(),
            }
        )
        if here.error is not None and here.error.detail:
            log.warning(
                "validation_failed",
                request_id=here.request_id,
                path=path,
                errors=[{"loc": list(each.loc), "type": each.type} for each in here.error.detail],
            )

    def _label(self, path: str) -> str:
        if path in PATHS or path in self._endpoints:
            return path
        if path.startswith("/models/") and path[8:] in self._bundle.contracts:
            return "/models/{model}"
        return "other"

    async def _predict(
        self,
        endpoint: Endpoint,
        here: Exchange,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> int:
        try:
            if scope["method"] != "POST":
                raise errors.method_not_allowed(scope["method"], allow="POST")
            wire = choose(endpoint.wires, here.headers)
            body = await bodies.read(here.headers, receive, self._limits.body_bytes)
            if not self._direct:
                return await self._through(scope, replay(body, receive), send, here)
            work = self._answer(endpoint, wire, body, here)
            if self._bundle.waits(endpoint.model):
                work = bodies.unless_gone(work, receive)
            content = await work
        except ClientGoneError:
            return CLIENT_GONE
        except ApiError as error:
            here.error = error
            await refuse(send, error, here)
            return error.status
        await respond(send, 200, content, (b"content-type", wire.media_type), here.field)
        return 200

    async def _answer(self, endpoint: Endpoint, wire: Wire, body: bytes, here: Exchange) -> bytes:
        aside = len(body) > ASIDE_BYTES
        rows = await _aside(wire.read, body) if aside else wire.read(body)
        here.rows = len(rows)
        predictions = await self._bundle.predict(endpoint.model, rows, here, weight=len(body))
        answer = (
            predictions,
            self._bundle.served[endpoint.model].artifact.version,
            here.request_id,
        )
        return await _aside(wire.write, *answer) if aside else wire.write(*answer)

    async def _through(self, scope: Scope, receive: Receive, send: Send, here: Exchange) -> int:
        """Let BentoML answer, inside an envelope."""
        token = exchange.current.set(here)
        envelope = Envelope(send, scope, here)
        try:
            await self._inner(scope, receive, envelope.send)
        except Exception:
            log.exception("request_failed", request_id=here.request_id)
            if not envelope.started:
                await refuse(send, errors.internal(), here)
            return 500
        finally:
            exchange.current.reset(token)
        return envelope.status


async def _aside(work: Callable[..., T], *given: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(None, work, *given)
