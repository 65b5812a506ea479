"""What came of predictions, as clients tell it."""

from typing import Annotated

from annotated_types import Len
from pydantic import Field

from models._contract import MAX_ROWS, Strict

RESULTS = ("accepted", "repeated", "changed", "unknown")


class Outcome(Strict):
    """What came of one row."""

    request_id: Annotated[
        str,
        Field(
            pattern="^[A-Za-z0-9._:-]{1,128}$",
            description="As the prediction's answer and its X-Request-ID header named it.",
        ),
    ]
    row: Annotated[
        int, Field(ge=0, lt=2**31, description="The row's number in that request, from 0.")
    ] = 0
    outcome: Annotated[
        bool, Field(description="True: what the model gives the probability of did happen.")
    ]


class Outcomes(Strict):
    """The body of a feedback request."""

    outcomes: Annotated[list[Outcome], Len(1, MAX_ROWS)]


class Taken(Strict):
    """The body of a feedback answer: how many outcomes were what. Sending them again is safe."""

    accepted: Annotated[int, Field(description="New, and kept.")]
    repeated: Annotated[int, Field(description="Known already; nothing was added.")]
    changed: Annotated[int, Field(description="Another outcome was known; both stay, this counts.")]
    unknown: Annotated[
        int,
        Field(description="No such prediction is kept: never made, too old, or not written yet."),
    ]
