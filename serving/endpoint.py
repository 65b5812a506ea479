"""One prediction route: a body comes in, predictions go out."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from models._contract import AnyContract
from monitoring.metrics import ModelMetrics
from serving import body as bodies
from serving import tokens, turns
from serving import wire as wires
from serving.asgi import Receive
from serving.bundle import Bundle
from serving.exchange import Exchange
from serving.intake import LEAST_BYTES, Intake
from serving.patience import Patience
from serving.room import Room
from serving.turns import Turns
from serving.wire import Wire

# Of larger bodies of JSON that come together one is read in each turn of the event loop: all of
# them would keep it too long.
TURN_BYTES = 2**16


@dataclass(frozen=True)
class BodyLimits:
    """How large a body may be, how many rows one in Arrow's form may hold, and room for all.

    `turns` are taken by bodies that are read in slices, `json_turns` by large ones that are not.
    """

    body_bytes: int
    arrow_rows: int
    room: Room
    turns: Turns = field(default_factory=Turns)
    json_turns: Turns = field(default_factory=Turns)


class Endpoint:
    """All that one prediction route needs, looked up and compiled once.

    Args:
        contract: Of its model.
        bundle: That the model is asked of.
        limits: What is larger is refused.
        direct: Answer here; else read the body only, and leave the rest to BentoML's own layers,
            which know JSON alone.
    """

    def __init__(
        self, contract: AnyContract, bundle: Bundle, limits: BodyLimits, *, direct: bool
    ) -> None:
        self.contract = contract
        self.model = contract.NAME
        self.path = f"/{contract.NAME}/predict"
        self.metrics: ModelMetrics = bundle.metrics.models[contract.NAME]
        self.direct = direct
        self._bundle = bundle
        self._patience = Patience()
        self._limits = limits
        self._intake = Intake(bundle.limits.queue_rows)
        self._wires = wires.wires(contract, arrow_rows=limits.arrow_rows if direct else 0)

    @property
    def version(self) -> str | None:
        """Of the model, once it is loaded."""
        served = self._bundle.served.get(self.model)
        return served.artifact.version if served else None

    async def body(self, here: Exchange, receive: Receive) -> tuple[Wire, bytes]:
        """Read the body, and find its form.

        Raises:
            ApiError: 400, 413, 415, 503 where there is no room for it or its rows, or 504 when it
                came too slowly.
            ClientGoneError: it never came.
        """
        wire = wires.choose(self._wires, here.headers)
        length = bodies.declared(here.headers)
        if length >= LEAST_BYTES:
            self._refuse_full(wire, length)
        seconds = here.timeout or self._bundle.timeout
        limits = self._limits
        reading = bodies.read(
            here.headers, receive, limits.body_bytes, lambda size: limits.room.take(size, here)
        )
        body = here.body = await self._patience.read(reading, seconds)
        if not self.direct:
            tokens.refuse_more(body, tokens.most(self.contract.ROW))
            wires.refuse_repeated(body)
        return wire, body

    def forget(self, here: Exchange) -> None:
        """Give back the room that the body took, when it was answered or will never be."""
        if here.held:
            self._limits.room.leave(here)

    async def answer(self, wire: Wire, body: bytes, here: Exchange, receive: Receive) -> bytes:
        """Predict what a body asks.

        Raises:
            ApiError: whatever went wrong.
            ClientGoneError: nobody waits for the answer any more.
        """
        size = len(body)
        large = size >= LEAST_BYTES or wire.sliced
        rows = await self._read(wire, body) if large else wire.read(body)
        here.rows = len(rows)
        work = self._bundle.predict(self.model, rows, here, weight=size)
        if self._bundle.waits(self.model, here.rows):
            work = bodies.unless_gone(work, receive)
        predictions = await work
        answer = (predictions, here.version, here.request_id)
        if wire.sliced:
            content = await self._limits.turns.take(wire.sliced.write(*answer))
            turns.let_go_later(rows, predictions)
            return content
        return wire.write(*answer)

    def _refuse_full(self, wire: Wire, size: int) -> None:
        self._intake.refuse(wire.media_type, size, self._bundle.queued_rows(self.model))

    async def _read(self, wire: Wire, body: bytes) -> list[Any]:
        form, size = wire.media_type, len(body)
        # Others may have come while it did.
        self._refuse_full(wire, size)
        coming = self._intake.rows(form, size)
        self._intake.coming += coming
        try:
            rows = await self._read_slowly(wire, body)
        finally:
            self._intake.coming -= coming
        self._intake.learn(form, size, len(rows))
        return rows

    async def _read_slowly(self, wire: Wire, body: bytes) -> list[Any]:
        if wire.sliced:
            return await self._limits.turns.take(wire.sliced.read(body))
        if len(body) > TURN_BYTES:
            return await self._limits.json_turns.one(partial(wire.read, body))
        return wire.read(body)
