"""The micro-batcher: while a batch runs, the next one gathers.

Nothing waits for company. When no batch runs, a request starts in the same turn of the event loop
in which it came, together with whatever else that turn brought; so batches grow with load and by
nothing else.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Generic

from serving import errors
from serving.batch import AnswerT, Batch, Passage, Ran, RowT, Ticket, attempt, run, tell
from serving.cost import Cost, Pace

# A batch that takes longer would keep the event loop, and with it the health routes, waiting.
INLINE_SECONDS = 0.005
# How often a busy batcher looks for waiting requests whose time is up.
SWEEP_SECONDS = 0.05


@dataclass(frozen=True)
class Limits:
    """How much may be predicted at once, and how much may wait, for how long."""

    batch_rows: int = 512
    queue_rows: int = 32_768
    wait_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class _Away:
    """A batch in the executor: whose it is, its rows, and since when on the loop's clock."""

    batch: list[Ticket[Any, Any]]
    rows: int
    since: float


class Batcher(Generic[RowT, AnswerT]):
    """Joins requests for one model into batches.

    Args:
        predict: Gives one answer a row, in order. Called from one thread at a time.
        limits: See `Limits`.
        executor: Where expensive batches run.
        observe: Told about each run.
    """

    def __init__(
        self,
        predict: Callable[[Sequence[RowT]], list[AnswerT]],
        limits: Limits,
        executor: Executor,
        observe: Callable[[Batch], None] = lambda _: None,
    ) -> None:
        self._predict = predict
        self._limits = limits
        self._executor = executor
        self._observe = observe
        self._queue: deque[Ticket[RowT, AnswerT]] = deque()
        self._queued_rows = 0
        self._busy = False
        self._away: _Away | None = None
        self._stopped = False
        self._cost = Cost()
        self._pace = Pace(limits.batch_rows)
        self._dear = True
        # Always the same one. Asking for it anew costs a system call.
        self._loop: asyncio.AbstractEventLoop | None = None

    def waits(self, rows: int) -> bool:
        """Whether a request of so many rows that came now would wait behind a dear batch.

        That is long enough for its client to leave.
        """
        if self._away is not None:
            return True
        queued = self._queued_rows
        return self._dear and queued > 0 and queued + rows > self._limits.batch_rows

    @property
    def busy(self) -> bool:
        """Whether anybody waits for an answer."""
        return self._busy

    def running_seconds(self) -> float:
        """How long the batch in the executor has been running; 0 where none is."""
        return self._loop.time() - self._away.since if self._loop and self._away else 0.0

    @property
    def queued_rows(self) -> int:
        """Rows that wait now."""
        return self._queued_rows

    async def submit(
        self,
        rows: Sequence[RowT],
        *,
        weight: int | None = None,
        timeout: float = 60.0,
        passage: Passage | None = None,
    ) -> list[AnswerT]:
        """Answer `rows`, in order.

        Args:
            rows: One request's rows; they are never split over batches.
            weight: What the request's cost grows with, such as its bytes; else its rows.
            timeout: Seconds from now after which it is not started any more, nor waited for.
            passage: Is told when the request is started.

        Raises:
            ApiError: 503 when it could not be served in time, 504 when its time is over.
            Exception: what `predict` raised for these rows.
        """
        loop = self._loop = self._loop or asyncio.get_running_loop()
        now = loop.time()
        self._admit(len(rows), now)
        ticket: Ticket[RowT, AnswerT] = Ticket(
            rows,
            weight or len(rows),
            loop.create_future(),
            now,
            now + timeout,
            passage,
            time.perf_counter(),
        )
        self._queue.append(ticket)
        self._queued_rows += len(rows)
        if not self._busy:
            self._busy = True
            loop.call_soon(self._next, loop)
        return await ticket.future

    def stop(self) -> None:
        """Refuse what waits, and all that still comes; a batch that runs is answered."""
        self._stopped = True
        while self._queue:
            ticket = self._queue.popleft()
            self._queued_rows -= len(ticket.rows)
            if not ticket.future.done():
                ticket.future.set_exception(errors.draining())

    def _admit(self, rows: int, now: float) -> None:
        if self._stopped:
            raise errors.draining()
        if self._queued_rows and self._queued_rows + rows > self._limits.queue_rows:
            msg = f"{self._queued_rows} rows are waiting already; try again later."
            raise errors.overloaded(msg)
        # Whoever would wait in vain is told now, not when the wait is over.
        if self._away and self._seconds_ahead(self._away, now) > self._limits.wait_seconds:
            msg = "Those before it take longer than it may wait; try again later."
            raise errors.overloaded(msg)

    def _seconds_ahead(self, away: "_Away", now: float) -> float:
        """Expect when a request that comes now would start: it joins the last batch that waits."""
        left = max(0.0, self._pace.seconds(away.rows) - (now - away.since))
        full = self._limits.batch_rows
        return left + self._pace.seconds(self._queued_rows // full * full)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._take(loop.time())
        if not batch:
            self._busy = False
            return
        self._dear = self._cost.seconds(sum(ticket.weight for ticket in batch)) > INLINE_SECONDS
        # Where many are guilty, their runs by halves are too long together, however cheap each is.
        ran = None if self._dear else attempt(self._predict, batch)
        if ran is None:
            self._hand_over(loop, batch)
        else:
            self._settle(batch, ran)
            self._again(loop)

    def _hand_over(
        self, loop: asyncio.AbstractEventLoop, batch: list[Ticket[RowT, AnswerT]]
    ) -> None:
        try:
            running = loop.run_in_executor(self._executor, run, self._predict, batch)
        except RuntimeError:
            # The process ends: its threads take no more work.
            self.stop()
            self._settle(batch, Ran([errors.draining() for _ in batch], []))
            self._busy = False
            return
        self._away = _Away(batch, sum(len(ticket.rows) for ticket in batch), loop.time())
        sweep = loop.call_later(SWEEP_SECONDS, self._sweep, loop, running)
        running.add_done_callback(lambda done: self._finish(loop, batch, done, sweep))

    def _again(self, loop: asyncio.AbstractEventLoop) -> None:
        # By way of the loop, so that other work gets its turn between two batches.
        if self._queue:
            loop.call_soon(self._next, loop)
        else:
            self._busy = False

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[Ticket[RowT, AnswerT]],
        done: asyncio.Future[Ran],
        sweep: asyncio.TimerHandle,
    ) -> None:
        away, self._away = self._away, None
        sweep.cancel()
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        ran = Ran([error] * len(batch), []) if error else done.result()
        # What was run again by halves took longer than the next one will.
        if away and [each.rows for each in ran.batches] == [away.rows]:
            self._pace.learn(away.rows, loop.time() - away.since)
        self._settle(batch, ran)
        self._again(loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop, run: "asyncio.Future[Any]") -> None:
        """While a batch runs, refuse who in it is past his time, or waits too long behind it."""
        if run.done() or self._away is None:
            return
        now = loop.time()
        for ticket in self._away.batch:
            if now >= ticket.deadline and not ticket.future.done():
                ticket.future.set_exception(errors.late())
        waiting = list(self._queue)
        self._queue.clear()
        self._queued_rows = 0
        for ticket in waiting:
            if self._alive(ticket, now):
                self._queue.append(ticket)
                self._queued_rows += len(ticket.rows)
        loop.call_later(SWEEP_SECONDS, self._sweep, loop, run)

    def _take(self, now: float) -> list[Ticket[RowT, AnswerT]]:
        batch: list[Ticket[RowT, AnswerT]] = []
        rows = 0
        while self._queue:
            if batch and rows + len(self._queue[0].rows) > self._limits.batch_rows:
                break
            ticket = self._queue.popleft()
            self._queued_rows -= len(ticket.rows)
            if self._alive(ticket, now):
                batch.append(ticket)
                rows += len(ticket.rows)
        tell(batch, rows)
        return batch

    def _alive(self, ticket: Ticket[RowT, AnswerT], now: float) -> bool:
        """Answer what is not worth running now: abandoned, past its time, or waited too long."""
        if ticket.future.done():
            return False
        if now >= ticket.deadline:
            ticket.future.set_exception(errors.late())
            return False
        if now - ticket.arrived > self._limits.wait_seconds:
            ticket.future.set_exception(
                errors.overloaded("The wait was too long; try again later.")
            )
            return False
        return True

    def _settle(self, batch: list[Ticket[RowT, AnswerT]], ran: Ran) -> None:
        for ticket, outcome in zip(batch, ran.outcomes, strict=True):
            if ticket.future.done():
                continue
            if isinstance(outcome, BaseException):
                ticket.future.set_exception(outcome)
            else:
                ticket.future.set_result(outcome)
        for each in ran.batches:
            # The thread's own time: waiting for other threads says nothing about the model.
            self._cost.learn(each.weight, each.cpu_seconds)
            self._observe(each)
