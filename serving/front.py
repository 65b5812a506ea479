"""The HTTP front: the outermost layer of the service.

It reads, limits and validates a prediction request once, hands it to the batcher and writes one
answer. Everything else passes through to BentoML, and whatever error comes back leaves in the one
error body.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError
from structlog.typing import EventDict

from models._contract import AnyContract, Rows
from monitoring.metrics import ModelMetrics
from serving import body as bodies
from serving import errors, exchange
from serving.asgi import App, Message, Receive, Scope, Send, replay, respond
from serving.body import ClientGoneError
from serving.bundle import Bundle
from serving.envelope import Envelope
from serving.errors import ApiError
from serving.exchange import Exchange

log = structlog.get_logger()

# Routes that are not predictions. A path outside is counted as "other": a scan must not make
# series.
PATHS = frozenset(
    {
        *("/livez", "/healthz", "/readyz", "/metrics", "/health", "/ready", "/models"),
        *("/", "/docs.json", "/schema.json"),
    }
)
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
class Endpoint:
    """All that one prediction route needs, looked up and compiled once."""

    path: str
    model: str
    metrics: ModelMetrics
    validate: Callable[[bytes], Any]
    serialize: Callable[[list[Any]], bytes]

    @classmethod
    def of(cls, contract: AnyContract, metrics: ModelMetrics) -> "Endpoint":
        """Compile what a contract says."""
        rows = Rows[contract.ROW]  # type: ignore[name-defined]
        predictions = TypeAdapter(list[contract.PREDICTION])  # type: ignore[name-defined]
        return cls(
            path=f"/{contract.NAME}/predict",
            model=contract.NAME,
            metrics=metrics,
            validate=rows.__pydantic_validator__.validate_json,
            serialize=predictions.serializer.to_json,
        )


class Front:
    """See the module.

    Args:
        inner: BentoML's whole stack.
        bundle: Whose models are asked.
        record: Takes one event a request, for the log.
        max_body_bytes: What is longer is refused, unread.
        direct: Answer predictions here; else pass them through too.
    """

    def __init__(
        self,
        inner: App,
        bundle: Bundle,
        record: Callable[[EventDict], None],
        *,
        max_body_bytes: int,
        direct: bool,
    ) -> None:
        self._inner = inner
        self._bundle = bundle
        self._record = record
        self._max_body_bytes = max_body_bytes
        self._direct = direct
        endpoints = [
            Endpoint.of(contract, bundle.metrics.models[name])
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
            path = self._label(scope["path"])
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
        self._bundle.metrics.answered(path, status)
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
        if path in PATHS:
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
            body = await bodies.read(here.headers, receive, self._max_body_bytes)
            if not self._direct:
                return await self._through(scope, replay(body, receive), send, here)
            content = await self._answer(endpoint, body, here)
        except ClientGoneError:
            return CLIENT_GONE
        except ApiError as error:
            here.error = error
            request_id = here.request_id
            await respond(send, error.status, error.body(request_id), request_id, error.headers)
            return error.status
        await respond(send, 200, content, here.request_id)
        return 200

    async def _answer(self, endpoint: Endpoint, body: bytes, here: Exchange) -> bytes:
        try:
            rows = endpoint.validate(body or b"{}").rows
        except ValidationError as error:
            raise errors.invalid(error) from None
        here.rows = len(rows)
        predictions = await self._bundle.predict(endpoint.model, rows, here, weight=len(body))
        version = self._bundle.served[endpoint.model].artifact.version
        # Neither name needs escaping: one is ours, the other was found sane.
        return b'{"model":"%b","version":"%b","request_id":"%b","predictions":%b}' % (
            endpoint.model.encode(),
            version.encode(),
            here.request_id.encode(),
            endpoint.serialize(predictions),
        )

    async def _through(self, scope: Scope, receive: Receive, send: Send, here: Exchange) -> int:
        """Let BentoML answer, inside an envelope."""
        token = exchange.current.set(here)
        envelope = Envelope(send, scope, here)
        try:
            await self._inner(scope, receive, envelope.send)
        except Exception:
            log.exception("request_failed", request_id=here.request_id)
            if not envelope.started:
                error = errors.internal()
                await respond(send, 500, error.body(here.request_id), here.request_id)
            return 500
        finally:
            exchange.current.reset(token)
        return envelope.status
