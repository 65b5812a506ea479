"""Large bodies that would find their queue full are refused before they are read.

To read and validate a large body costs as much as to answer it. So that refusals leave time for
answers, its rows are guessed from its bytes, and from what the bodies before it held.
"""

from serving import errors

# Of smaller ones the queue itself counts the rows: to read them costs little.
LEAST_BYTES = 2**14
_MEMORY = 0.8


class Intake:
    """For one model; `coming` are the rows in bodies that are being read.

    Args:
        most_rows: That may wait, these included.
    """

    def __init__(self, most_rows: int) -> None:
        self.coming = 0
        self._most_rows = most_rows
        # By form: the same row takes fewer bytes in Arrow's than in JSON.
        self._row_bytes: dict[bytes, float] = {}

    def refuse(self, form: bytes, size: int, queued_rows: int) -> None:
        """Refuse a body of so many bytes where its rows would be too many for the queue.

        Raises:
            ApiError: 503.
        """
        ahead = queued_rows + self.coming
        if ahead and ahead + self.rows(form, size) > self._most_rows:
            msg = f"{ahead} rows are waiting already; try again later."
            raise errors.overloaded(msg)

    def rows(self, form: bytes, size: int) -> int:
        """Guess how many rows a body has; 0 for a small one, and before one was seen."""
        each = self._row_bytes.get(form) if size >= LEAST_BYTES else None
        return int(size / each) if each else 0

    def learn(self, form: bytes, size: int, rows: int) -> None:
        """Remember how many bytes a row took."""
        if size >= LEAST_BYTES:
            now = size / rows
            before = self._row_bytes.get(form, now)
            self._row_bytes[form] = _MEMORY * before + (1 - _MEMORY) * now
