"""Where the mean of the scores went, and whether they still move at all."""

from models._contract import Strict
from monitoring.divergence import LEAST_ROWS, normal
from monitoring.layout import Moments
from monitoring.reference import Score

# Scores that spread less are called constant: a hundredth of the spread in the reference, and no
# less than what sums in steps of 2^-24 can tell.
CONSTANT, RESOLUTION = 0.01, 3e-4


class Shift(Strict):
    """The mean of a window's scores against that of the reference.

    `sigmas` is the difference over its standard error, s sqrt(1/n + 1/m) with the deviation s of
    both together; beyond `limit` the mean is called shifted. The limit belongs to the report's
    false-alarm rate: with two sigmas one window in twenty would be an alarm. `constant` says that
    all scores are alike though rows are not: a model that is stale or stuck. Both are None below
    500 rows.
    """

    mean: float
    reference_mean: float
    deviation: float
    reference_deviation: float
    standard_error: float
    sigmas: float
    limit: float
    shifted: bool | None
    constant: bool | None


def shift(score: Score, moments: Moments, *, varied: bool, false_alarms: float) -> Shift:
    """Compare means; `varied` says whether the rows differed at all."""
    n, m = moments.rows, score.rows
    both = (n * moments.deviation**2 + m * score.deviation**2) / (n + m)
    error = (both * (1 / n + 1 / m)) ** 0.5
    # Where no score ever differed from another, any difference is a shift.
    sigmas = (moments.mean - score.mean) / max(error, RESOLUTION**2)
    limit, enough = normal(1 - false_alarms / 2), n >= LEAST_ROWS
    alike = moments.deviation < max(CONSTANT * score.deviation, RESOLUTION)
    return Shift(
        mean=moments.mean,
        reference_mean=score.mean,
        deviation=moments.deviation,
        reference_deviation=score.deviation,
        standard_error=error,
        sigmas=sigmas,
        limit=limit,
        shifted=abs(sigmas) > limit if enough else None,
        constant=alike and varied if enough else None,
    )
