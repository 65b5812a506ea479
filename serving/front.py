"""The HTTP front: the outermost layer of the service.

It lets a prediction request in, has it answered and writes one answer. Everything else passes on to
BentoML, and whatever error comes back leaves in the one error body.
"""

import time
from collections.abc import Callable, Mapping

import structlog

from serving import errors, exchange, info
from serving.account import Account
from serving.admission import Admission, timeout_of
from serving.asgi import App, Message, Receive, Scope, Send, closing, replay, respond
from serving.body import ClientGoneError
from serving.bundle import Bundle
from serving.endpoint import Endpoint
from serving.envelope import NOSNIFF, Envelope, refuse
from serving.errors import ApiError
from serving.exchange import Exchange

log = structlog.get_logger()

# The status that stands in logs and metrics for a client that left before it was answered.
CLIENT_GONE = 499

NO_STORE = (b"cache-control", b"no-store")


class Hoist:
    """The middleware that BentoML is given; it lifts the front above all of BentoML's own layers.

    BentoML puts a service's middleware inside its tracing and time-out layers, which then cost more
    than the model and answer in bodies of their own. When the service has started, the whole stack
    is known: it becomes what the front passes through to, and this layer does no more.
    """

    def __init__(self, app: App, *, make: Callable[[App], App]) -> None:
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


class Front:
    """See the module.

    Args:
        inner: BentoML's whole stack.
        bundle: Whose models are asked.
        endpoints: The prediction routes, by path.
        admission: Who is let in.
        account: Told of every request.
    """

    def __init__(
        self,
        inner: App,
        bundle: Bundle,
        endpoints: Mapping[str, Endpoint],
        admission: Admission,
        account: Account,
    ) -> None:
        self._inner = inner
        self._bundle = bundle
        self._endpoints = endpoints
        self._admission = admission
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        if self._bundle.draining:
            send = closing(send)
        started = time.perf_counter()
        here = exchange.of(dict(scope["headers"]))
        endpoint = self._endpoints.get(scope["path"])
        try:
            if endpoint is None:
                status = await self._other(scope, receive, send, here)
            else:
                status = await self._predict(endpoint, scope, receive, send, here)
        except ClientGoneError:
            status = CLIENT_GONE
        except ApiError as error:
            status = error.status
            here.error = error
            await refuse(send, error, here, *([NO_STORE] if endpoint else []))
        seconds = time.perf_counter() - started
        if endpoint is not None:
            endpoint.metrics.duration.observe(seconds)
        self._account.tell(here, scope, status, seconds)

    async def _other(self, scope: Scope, receive: Receive, send: Send, here: Exchange) -> int:
        here.key = self._admission.admit_other(here.headers, scope["path"])
        return await self._through(scope, receive, send, here)

    async def _predict(
        self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send, here: Exchange
    ) -> int:
        if scope["method"] != "POST":
            raise errors.method_not_allowed(scope["method"], allow="POST")
        here.key = self._admission.admit(here.headers, endpoint.model)
        self._admission.in_flight += 1
        endpoint.metrics.in_flight += 1
        try:
            here.timeout = timeout_of(here.headers, self._bundle.timeout)
            wire, body = await endpoint.body(here, receive)
            if not endpoint.direct:
                return await self._through(scope, replay(body, receive), send, here)
            content = await endpoint.answer(wire, body, here, receive)
        finally:
            self._admission.in_flight -= 1
            endpoint.metrics.in_flight -= 1
        content_type = (b"content-type", wire.media_type)
        await respond(send, 200, content, content_type, here.field, NOSNIFF, NO_STORE)
        return 200

    async def _through(self, scope: Scope, receive: Receive, send: Send, here: Exchange) -> int:
        """Let BentoML answer, inside an envelope."""
        scope[info.BUNDLE] = self._bundle
        token = exchange.current.set(here)
        more = [NO_STORE] if scope["path"] in self._endpoints else []
        envelope = Envelope(send, scope, here, *more)
        try:
            await self._inner(scope, receive, envelope.send)
        except Exception:
            log.exception("request_failed", request_id=here.request_id)
            if not envelope.started:
                await refuse(send, errors.internal(), here, *more)
            return 500
        finally:
            exchange.current.reset(token)
        return envelope.status
