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
from typing import Any, Generic, Protocol, TypeVar

from serving import errors

RowT = TypeVar("RowT")
AnswerT = TypeVar("AnswerT")

# A batch that takes longer would keep the event loop, and with it the health routes, waiting.
INLINE_SECONDS = 0.005
# How often a busy batcher looks for waiting requests whose time is up.
SWEEP_SECONDS = 0.05


@dataclass(frozen=True)
class Limits:
    """How much may be predicted at once, and how much may wait, for how long."""

    batch_rows: int = 512
    queue_rows: int = 8_192
    wait_seconds: float = 1.0


@dataclass(frozen=True)
class Batch:
    """What is told about one run of the model: on the clock, and of the thread's own time."""

    rows: int
    requests: int
    weight: int
    seconds: float
    cpu_seconds: float


class Passage(Protocol):
    """Where a request is told how it came through: seconds in the queue, rows of its batch."""

    waited: float
    batch_rows: int


@dataclass(eq=False, slots=True)
class _Ticket(Generic[RowT, AnswerT]):
    rows: Sequence[RowT]
    weight: int
    future: "asyncio.Future[list[AnswerT]]"
    arrived: float
    deadline: float
    passage: Passage | None
    entered: float


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
        self._queue: deque[_Ticket[RowT, AnswerT]] = deque()
        self._queued_rows = 0
        self._busy = False
        self._away = False
        self._cost = Cost()
        # Always the same one. Asking for it anew costs a system call.
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def away(self) -> bool:
        """Whether a batch runs in the executor, so that a request submitted now has to wait."""
        return self._away

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
            timeout: Seconds from now after which it is not started any more.
            passage: Is told when the request is started.

        Raises:
            ApiError: 503 when it could not be served in time, 504 when its time is over.
            Exception: what `predict` raised for these rows.
        """
        loop = self._loop = self._loop or asyncio.get_running_loop()
        self._admit(len(rows))
        now = loop.time()
        ticket: _Ticket[RowT, AnswerT] = _Ticket(
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

    def _admit(self, rows: int) -> None:
        if self._queued_rows and self._queued_rows + rows > self._limits.queue_rows:
            msg = f"{self._queued_rows} rows are waiting already; try again later."
            raise errors.overloaded(msg)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        batch = self._take(loop.time())
        if not batch:
            self._busy = False
            return
        if self._cost.seconds(sum(ticket.weight for ticket in batch)) <= INLINE_SECONDS:
            self._settle(batch, self._run(batch))
            self._again(loop)
        else:
            self._away = True
            run = loop.run_in_executor(self._executor, self._run, batch)
            sweep = loop.call_later(SWEEP_SECONDS, self._sweep, loop, run)
            run.add_done_callback(lambda done: self._finish(loop, batch, done, sweep))

    def _again(self, loop: asyncio.AbstractEventLoop) -> None:
        # By way of the loop, so that other work gets its turn between two batches.
        if self._queue:
            loop.call_soon(self._next, loop)
        else:
            self._busy = False

    def _finish(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: list[_Ticket[RowT, AnswerT]],
        done: "asyncio.Future[_Ran]",
        sweep: asyncio.TimerHandle,
    ) -> None:
        self._away = False
        sweep.cancel()
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        self._settle(batch, _Ran([error] * len(batch), []) if error else done.result())
        self._again(loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop, run: "asyncio.Future[Any]") -> None:
        """Refuse, while a batch runs, what has waited too long behind it."""
        if run.done():
            return
        now = loop.time()
        waiting = list(self._queue)
        self._queue.clear()
        self._queued_rows = 0
        for ticket in waiting:
            if self._alive(ticket, now):
                self._queue.append(ticket)
                self._queued_rows += len(ticket.rows)
        loop.call_later(SWEEP_SECONDS, self._sweep, loop, run)

    def _take(self, now: float) -> list[_Ticket[RowT, AnswerT]]:
        batch: list[_Ticket[RowT, AnswerT]] = []
        rows = 0
        while self._queue:
            if batch and rows + len(self._queue[0].rows) > self._limits.batch_rows:
                break
            ticket = self._queue.popleft()
            self._queued_rows -= len(ticket.rows)
            if self._alive(ticket, now):
                batch.append(ticket)
                rows += len(ticket.rows)
        _tell(batch, rows)
        return batch

    def _alive(self, ticket: _Ticket[RowT, AnswerT], now: float) -> bool:
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

    def _run(self, batch: list[_Ticket[RowT, AnswerT]]) -> "_Ran":
        """Predict a batch; when it raises, its halves, so that only the guilty request fails."""
        rows = [row for ticket in batch for row in ticket.rows]
        started, used = time.perf_counter(), time.thread_time()
        try:
            answers = self._predict(rows)
        except Exception as error:
            if len(batch) == 1:
                return _Ran([error], [])
            half = len(batch) // 2
            first, second = self._run(batch[:half]), self._run(batch[half:])
            return _Ran(first.outcomes + second.outcomes, first.batches + second.batches)
        ran = Batch(
            rows=len(rows),
            requests=len(batch),
            weight=sum([ticket.weight for ticket in batch]),
            seconds=time.perf_counter() - started,
            cpu_seconds=time.thread_time() - used,
        )
        return _Ran(_share(answers, batch), [ran])

    def _settle(self, batch: list[_Ticket[RowT, AnswerT]], ran: "_Ran") -> None:
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


_Outcome = list[Any] | BaseException


@dataclass(frozen=True)
class _Ran:
    """What became of a batch: an outcome a request, and the runs of the model that it took."""

    outcomes: list[_Outcome]
    batches: list[Batch]


def _tell(batch: Sequence[_Ticket[Any, Any]], rows: int) -> None:
    """Tell each request that it starts. The loop's own clock ticks in milliseconds: too coarse."""
    now = time.perf_counter()
    for ticket in batch:
        if ticket.passage is not None:
            ticket.passage.waited = now - ticket.entered
            ticket.passage.batch_rows = rows


def _share(answers: list[Any], batch: Sequence[_Ticket[Any, Any]]) -> list[_Outcome]:
    if len(batch) == 1:
        return [answers]
    shares: list[_Outcome] = []
    start = 0
    for ticket in batch:
        shares.append(answers[start : start + len(ticket.rows)])
        start += len(ticket.rows)
    return shares


class Cost:
    """What a batch costs, learned per doubling of its weight."""

    _MEMORY = 0.8

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}

    def learn(self, weight: int, seconds: float) -> None:
        """Remember one run."""
        size = weight.bit_length()
        before = self._seconds.get(size, seconds)
        self._seconds[size] = self._MEMORY * before + (1 - self._MEMORY) * seconds

    def seconds(self, weight: int) -> float:
        """Expect the same as before; for a new size, the next smaller one's, doubled per step.

        With nothing seen the cost is unknown, so infinite.
        """
        size = weight.bit_length()
        smaller = max((seen for seen in self._seconds if seen <= size), default=None)
        if smaller is None:
            return min(self._seconds.values(), default=float("inf"))
        return float(self._seconds[smaller] * 2 ** (size - smaller))
