"""What predictions cost: learned from those that were made."""

_MEMORY = 0.8


class Cost:
    """What a batch costs, learned per doubling of its weight."""

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}

    def learn(self, weight: int, seconds: float) -> None:
        """Remember one run."""
        size = weight.bit_length()
        before = self._seconds.get(size, seconds)
        self._seconds[size] = _blend(before, seconds)

    def seconds(self, weight: int) -> float:
        """Expect the same as before; for a new size, the next smaller one's, doubled per step.

        With nothing seen the cost is unknown, so infinite.
        """
        size = weight.bit_length()
        smaller = max((seen for seen in self._seconds if seen <= size), default=None)
        if smaller is None:
            return min(self._seconds.values(), default=float("inf"))
        return float(self._seconds[smaller] * 2 ** (size - smaller))


class Pace:
    """Seconds a row, on the clock, where batches are as large as they get under load.

    Small batches say little of it: most of what they take is not for their rows. But where even
    they are quicker by the row than was expected, too much was expected.
    """

    def __init__(self, full_rows: int) -> None:
        self._least_rows = full_rows / 2
        self._seconds = 0.0

    def learn(self, rows: int, seconds: float) -> None:
        """Remember one run, where it says something."""
        each = seconds / rows
        if rows >= self._least_rows or each < self._seconds:
            self._seconds = _blend(self._seconds or each, each)

    def seconds(self, rows: int) -> float:
        """Expect so much for `rows`; nothing where no large batch was seen."""
        return rows * self._seconds


def _blend(before: float, now: float) -> float:
    return _MEMORY * before + (1 - _MEMORY) * now
