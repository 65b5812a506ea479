"""A client that was refused for want of time is heard again a little later.

A refusal costs half of what an answer costs. Clients that ask again at once, as an overload's do,
would take that from those who are being answered. So the more connections were just refused, the
longer each waits until its next request is read: together they get a fixed part of the time. Where
a request had a large body the rest of it has to be read first, which costs the more the larger it
is, so it waits for as many as it weighs.
"""

import asyncio

# A connection waits so long for each that waits: a thousand are heard again in a second.
SECONDS_EACH = 0.001
# So many bytes take as long to be read and thrown away as a refusal takes without them.
BYTES_EACH = 2**14
# Less than the second that `Retry-After` asks for.
MOST_SECONDS = 0.7


class Pace:
    """Holds connections; `held` is how many, each by its weight."""

    def __init__(self) -> None:
        self.held = 0

    async def hold(self, size: int = 0) -> None:
        """Wait, with a body of so many bytes, as long as befits the number of those who wait."""
        weight = 1 + size // BYTES_EACH
        self.held += weight
        try:
            await asyncio.sleep(min(self.held * SECONDS_EACH, MOST_SECONDS))
        finally:
            self.held -= weight
