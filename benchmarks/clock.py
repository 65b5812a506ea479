"""The cost of small things, in process: seconds of this thread, because the clock of a machine that
does other things as well lies.
"""

from collections.abc import Callable
from statistics import median
from time import thread_time

ROUNDS = 60


def spent(work: Callable[[], object]) -> float:
    """Seconds of this thread that some work takes."""
    before = thread_time()
    work()
    return thread_time() - before


def microseconds(once: Callable[[], float], rounds: int = ROUNDS) -> float:
    """The median of what `once` gives, which is seconds."""
    return median(once() for _ in range(rounds)) * 1e6


def timed(work: Callable[[], object], times: int = 1) -> float:
    """Microseconds of one call, done so often in a row that the clock's own step is small."""
    return microseconds(lambda: spent(lambda: [work() for _ in range(times)]) / times, ROUNDS // 3)
