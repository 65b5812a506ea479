"""How many bytes of bodies a worker holds at once.

One large body does no harm. As many as may be in flight, each as large as it may be, are more than
the memory of most machines.
"""

from serving.errors import ApiError
from serving.exchange import Exchange

# Bodies of the largest size that fit in at once, and the least room in bytes: where only small ones
# are let in, there may be many of them.
BODIES = 16
LEAST = 2**26


class Room:
    """For all models of a worker; `held` is what is taken of `most` bytes.

    Args:
        body_bytes: What the largest body may have.
    """

    def __init__(self, body_bytes: int) -> None:
        self.most = max(BODIES * body_bytes, LEAST)
        self.held = 0

    def take(self, size: int, here: Exchange) -> None:
        """Make room for so many bytes more of one request's body.

        Raises:
            ApiError: 503, there is none.
        """
        if self.held + size > self.most:
            raise _full()
        self.held += size
        here.held += size

    def leave(self, here: Exchange) -> None:
        """Give back what a request has taken."""
        self.held -= here.held
        here.held = 0


def _full() -> ApiError:
    # The rest of the body is not read, so the connection can not be used again.
    return ApiError(
        503,
        "Too many large bodies come at once; try again later, or send fewer rows at once.",
        "overloaded",
        headers={"Retry-After": "1", "Connection": "close"},
    )
