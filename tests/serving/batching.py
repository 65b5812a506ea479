"""What tests of the batcher share: a model, and a thread that takes as long as it is told."""

import asyncio
from concurrent.futures import Executor, Future
from typing import Any

from serving.batcher import Batcher, Limits

# Its type does not know what the tests turn by hand.
EXECUTOR: Any = Executor


class SlowThread(EXECUTOR):
    """Runs a batch when it ends: `seconds` of the loop's own time after it was handed over."""

    def __init__(self, loop, seconds):
        self.loop, self.seconds = loop, seconds

    def submit(self, work, /, *given):
        future: Future[Any] = Future()

        def end():
            try:
                future.set_result(work(*given))
            except Exception as error:
                future.set_exception(error)

        self.loop.call_later(self.seconds, end)
        return future


class Model:
    """Answers each row with its double; rows that are "bad" raise. Remembers every run."""

    def __init__(self):
        self.runs = []

    def predict(self, rows):
        self.runs.append(list(rows))
        if "bad" in rows:
            raise ValueError
        return [row * 2 for row in rows]


def make(loop, model, limits=None, seconds=0.0):
    return Batcher(model.predict, limits or Limits(), SlowThread(loop, seconds))


async def settle(*requests):
    return await asyncio.gather(*requests, return_exceptions=True)
