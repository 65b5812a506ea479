"""Nobody is told that this service runs, unless the operator wants BentoML's usage report."""

import os

from bentoml._internal.utils.analytics import usage_stats


def by_default() -> None:
    """Turn the report off in this process; `BENTOML_DO_NOT_TRACK=False` leaves it on.

    The command line asks before it loads the service, and keeps the answer: it has to ask again.
    """
    os.environ.setdefault(usage_stats.BENTOML_DO_NOT_TRACK, "True")
    usage_stats.do_not_track.cache_clear()
