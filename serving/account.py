"""What is told of every request, whatever became of it: one count and one line in the log."""

import time
from collections.abc import Callable, Mapping
from random import random
from typing import Any

import structlog
from structlog.typing import EventDict

from monitoring.metrics import Metrics
from serving.asgi import Scope
from serving.endpoint import Endpoint
from serving.errors import ApiError, Detail
from serving.exchange import Exchange
from serving.rejected import redacted

log = structlog.get_logger()

# Routes that are not predictions. Another path counts as "other": a scan must not make series.
PATHS = frozenset(
    {
        *("/livez", "/healthz", "/readyz", "/metrics", "/health", "/ready", "/models"),
        *("/", "/docs.json", "/schema.json"),
    }
)
GOOD = range(200, 300)
OTHER = "other"
NONE = "-"
# What pydantic says of a key that no contract has.
UNKNOWN_KEY = frozenset(("extra_forbidden", "unexpected_keyword_argument"))
# The most of a path that is logged.
PATH_LENGTH = 128


class Account:
    """See the module.

    Args:
        endpoints: The prediction routes, by path.
        metrics: Where requests are counted.
        record: Takes the line for the log; written elsewhere, so that it costs little here.
        log_rejected: Log the bodies of invalid requests, without their private fields.
        sample: The part of good answers (2xx) that have a line; all others always do.
    """

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        metrics: Metrics,
        record: Callable[[EventDict], None],
        *,
        log_rejected: bool = False,
        sample: float = 1.0,
    ) -> None:
        self._endpoints = endpoints
        self._metrics = metrics
        self._record = record
        self._log_rejected = log_rejected
        self._sample = sample

    def tell(self, here: Exchange, scope: Scope, status: int, seconds: float) -> None:
        """Count and log one request."""
        path = scope["path"]
        label = self._label(path)
        # A path that is no route is whatever somebody sent.
        shown = path if label != OTHER or self._log_rejected else OTHER
        self._metrics.answered(label, status)
        if here.key is not None:
            self._metrics.answered_to(here.key, status)
        if here.error is not None:
            self._metrics.rejected(label, here.error.code)
            if here.error.detail:
                self._tell_invalid(here, here.error, shown)
        if self._sample >= 1 or status not in GOOD or random() < self._sample:  # noqa: S311 - no secret
            self._record(self._event(here, scope, status, seconds, shown))

    def tell_of_no_request(self, here: Exchange) -> None:
        """Count and log what was refused before it was a request: it has no path and no method."""
        if here.error is not None:
            self.tell(here, {"path": OTHER, "method": NONE}, here.error.status, 0)

    def _event(
        self, here: Exchange, scope: Scope, status: int, seconds: float, shown: str
    ) -> EventDict:
        path = scope["path"]
        event: EventDict = {
            "timestamp": time.time(),
            "level": "info",
            "event": "request",
            "request_id": here.request_id,
            "method": scope["method"],
            "path": shown[:PATH_LENGTH],
            "status": status,
            "rows": here.rows,
            "duration_ms": _milliseconds(seconds),
        }
        endpoint = self._endpoints.get(path)
        if endpoint is not None:
            event["model"] = endpoint.model
            event["version"] = here.version or endpoint.version
        if here.batch_rows:
            event["queue_ms"] = _milliseconds(here.waited)
            event["batch_rows"] = here.batch_rows
        if here.key is not None:
            event["key"] = here.key
        return event

    def _tell_invalid(self, here: Exchange, error: ApiError, path: str) -> None:
        """Log where a request was wrong and how, but not what it held, unless that is asked for."""
        fields: dict[str, Any] = {
            "request_id": here.request_id,
            "path": path[:PATH_LENGTH],
            "errors": [{"loc": _known(each), "type": each.type} for each in error.detail],
        }
        endpoint = self._endpoints.get(path)
        if self._log_rejected and endpoint is not None:
            fields["body"] = redacted(here.body, endpoint.contract)
        log.warning("validation_failed", **fields)

    def _label(self, path: str) -> str:
        if path in self._endpoints or path in PATHS:
            return path
        model = path.removeprefix("/models/").removesuffix("/card").removesuffix("/drift")
        model = model.removesuffix("/reload").removesuffix("/feedback")
        if path.startswith("/models/") and f"/{model}/predict" in self._endpoints:
            return path.replace(f"/{model}", "/{model}", 1)
        return OTHER


def _known(detail: Detail) -> list[str | int]:
    """Where it was wrong; the name of an unknown key is whatever somebody sent."""
    unknown = detail.type in UNKNOWN_KEY
    return [*detail.loc[:-1], "[unknown]"] if unknown else [*detail.loc]


def _milliseconds(seconds: float) -> float:
    """To three digits, cut off: half of what rounding costs, and the last one is noise."""
    return int(seconds * 1e6) / 1e3
