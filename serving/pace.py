"""A client that was refused for want of time is heard again a little later.

A refusal costs half of what an answer costs. Clients that ask again at once, as an overload's do,
would take that from those who are being answered. So the more connections were just refused, the
longer each waits until its next request is read: together they get a fixed part of the time.
"""

import asyncio

# A connection waits so long for each that waits: a thousand are heard again in a second.
SECONDS_EACH = 0.001
# Less than the second that `Retry-After` asks for.
MOST_SECONDS = 0.7


class Pace:
    """Holds connections; `held` is how many."""

    def __init__(self) -> None:
        self.held = 0

    async def hold(self) -> None:
        """Wait as long as befits the number of those who wait."""
        self.held += 1
        try:
            await asyncio.sleep(min(self.held * SECONDS_EACH, MOST_SECONDS))
        finally:
            self.held -= 1
