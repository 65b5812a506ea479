"""The HTTP front: the outermost layer of the service.

It lets a prediction request in, has it answered and writes one answer. Everything else passes on to
BentoML, and whatever error comes back leaves in the one error body.
"""

import time
from collections.abc import Callable, Mapping

import structlog

from serving import errors, exchange, feedback, info
from serving.account import Account
from serving.admission import Admission, timeout_of
from serving.asgi import App, Message, Receive, Scope, Send, closing, finish, replay, respond
from serving.body import ClientGoneError, declared
from serving.bundle import Bundle
from serving.endpoint import Endpoint
from serving.envelope import NOSNIFF, Envelope, refuse
from serving.errors import ApiError
from serving.exchange import Exchange
from serving.pace import Pace

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
        self._pace = Pace()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        if self._bundle.draining:
            send = closing(send)
        here = exchange.of(dict(scope["headers"]))
        endpoint = self._endpoints.get(scope["path"])
        status = await self._status(endpoint, scope, receive, send, here)
        seconds = time.perf_counter() - here.started
        if endpoint is not None:
            endpoint.metrics.duration.observe(seconds)
            if here.batch_rows:
                endpoint.metrics.queue_wait.observe(here.waited)
        self._account.tell(here, scope, status, seconds)
        errors.let_go(here.error)
        if not here.ended:
            here.body = b""
            await self._pace.hold(declared(here.headers))
            await finish(send)

    async def _status(
        self, endpoint: Endpoint | None, scope: Scope, receive: Receive, send: Send, here: Exchange
    ) -> int:
        """Answer, whatever happens, and say with which status."""
        try:
            if endpoint is None:
                return await self._other(scope, receive, send, here)
            return await self._predict(endpoint, scope, receive, send, here)
        except ClientGoneError:
            return CLIENT_GONE
        except ApiError as error:
            here.error = error
        except Exception as error:
            log.exception("request_failed", request_id=here.request_id)
            errors.let_go(error)
            here.error = errors.internal()
        here.ended = not _is_to_wait(here.error, scope, here)
        fields = [NO_STORE] if endpoint else []
        await refuse(send, here.error, here, *fields, end=here.ended)
        return here.error.status

    async def _other(self, scope: Scope, receive: Receive, send: Send, here: Exchange) -> int:
        if not scope["path"].isprintable():
            # The routes inside match a path with a line feed at its end, too: it would be answered
            # without the key and the limits that the path itself has.
            raise errors.not_found()
        here.key = self._key(scope, here)
        return await self._through(scope, receive, send, here)

    def _key(self, scope: Scope, here: Exchange) -> str | None:
        """Let in what is no prediction: what changes something by its own rules."""
        path, posted = scope["path"], scope["method"] == "POST"
        if posted and (model := info.reloaded(path)):
            return self._admission.admit_reload(here.headers, model)
        if (model := feedback.model_of(path)) is not None:
            return self._admission.admit(here.headers, model)
        return self._admission.admit_other(here.headers, path)

    async def _predict(
        self, endpoint: Endpoint, scope: Scope, receive: Receive, send: Send, here: Exchange
    ) -> int:
        if scope["method"] != "POST":
            raise errors.method_not_allowed(scope["method"], allow="POST")
        if self._bundle.draining and not self._admission.to_the_end:
            raise errors.draining()
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
            endpoint.forget(here)
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
            here.error = errors.internal()
            if not envelope.started:
                await refuse(send, here.error, here, *more)
            return 500
        finally:
            exchange.current.reset(token)
        return envelope.status


def _is_to_wait(error: ApiError, scope: Scope, here: Exchange) -> bool:
    """Whether it was refused for want of time, on a connection that will bring another request."""
    return (
        "Retry-After" in error.headers
        and "Connection" not in error.headers
        and scope.get("http_version") == "1.1"
        and here.headers.get(b"connection", b"").lower() != b"close"
    )
