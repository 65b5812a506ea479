"""One batch: whom it answers, and how the model is run for it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

RowT = TypeVar("RowT")
AnswerT = TypeVar("AnswerT")


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
class Ticket(Generic[RowT, AnswerT]):
    """A request that waits: its rows, its future answer, and its times on the loop's clock.

    `entered` is on the finer clock that its `passage` is told in.
    """

    rows: Sequence[RowT]
    weight: int
    future: "asyncio.Future[list[AnswerT]]"
    arrived: float
    deadline: float
    passage: Passage | None
    entered: float


Outcome = list[Any] | BaseException


@dataclass(frozen=True)
class Ran:
    """What became of a batch: an outcome a request, and the runs of the model that it took."""

    outcomes: list[Outcome]
    batches: list[Batch]


def run(
    predict: Callable[[Sequence[RowT]], list[AnswerT]], batch: list[Ticket[RowT, AnswerT]]
) -> Ran:
    """Predict a batch; when it raises, its halves, so that only the guilty request fails."""
    ran = attempt(predict, batch)
    if ran is not None:
        return ran
    half = len(batch) // 2
    first, second = _again(predict, batch[:half]), _again(predict, batch[half:])
    return Ran(first.outcomes + second.outcomes, first.batches + second.batches)


def attempt(
    predict: Callable[[Sequence[RowT]], list[AnswerT]], batch: list[Ticket[RowT, AnswerT]]
) -> Ran | None:
    """Predict a batch once; None when it raises, and nobody knows yet who is guilty."""
    rows = [row for ticket in batch for row in ticket.rows]
    started, used = time.perf_counter(), time.thread_time()
    try:
        answers = predict(rows)
    except Exception as error:
        return Ran([error], []) if len(batch) == 1 else None
    ran = Batch(
        rows=len(rows),
        requests=len(batch),
        weight=sum([ticket.weight for ticket in batch]),
        seconds=time.perf_counter() - started,
        cpu_seconds=time.thread_time() - used,
    )
    return Ran(_share(answers, batch), [ran])


def _again(
    predict: Callable[[Sequence[RowT]], list[AnswerT]], batch: list[Ticket[RowT, AnswerT]]
) -> Ran:
    """Run a half, unless nobody in it waits any more: these outcomes are not read."""
    if all(ticket.future.done() for ticket in batch):
        return Ran([asyncio.CancelledError() for _ in batch], [])
    return run(predict, batch)


def tell(batch: Sequence[Ticket[Any, Any]], rows: int) -> None:
    """Tell each request that it starts. The loop's own clock ticks in milliseconds: too coarse."""
    now = time.perf_counter()
    for ticket in batch:
        if ticket.passage is not None:
            ticket.passage.waited = now - ticket.entered
            ticket.passage.batch_rows = rows


def _share(answers: list[Any], batch: Sequence[Ticket[Any, Any]]) -> list[Outcome]:
    if len(batch) == 1:
        return [answers]
    shares: list[Outcome] = []
    start = 0
    for ticket in batch:
        shares.append(answers[start : start + len(ticket.rows)])
        start += len(ticket.rows)
    return shares
