"""What is told of every request, whatever became of it: one count and one line in the log."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from structlog.typing import EventDict

from monitoring.metrics import Metrics
from serving.asgi import Scope
from serving.endpoint import Endpoint
from serving.errors import ApiError
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
# The most of a path that is logged.
PATH_LENGTH = 128


class Account:
    """See the module.

    Args:
        endpoints: The prediction routes, by path.
        metrics: Where requests are counted.
        record: Takes the line for the log; written elsewhere, so that it costs little here.
        log_rejected: Log the bodies of invalid requests, without their private fields.
    """

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        metrics: Metrics,
        record: Callable[[EventDict], None],
        *,
        log_rejected: bool = False,
    ) -> None:
        self._endpoints = endpoints
        self._metrics = metrics
        self._record = record
        self._log_rejected = log_rejected

    def tell(self, here: Exchange, scope: Scope, status: int, seconds: float) -> None:
        """Count and log one request."""
        path = scope["path"]
        self._metrics.answered(self._label(path), status)
        event: EventDict = {
            "event": "request",
            "level": "info",
            "request_id": here.request_id,
            "method": scope["method"],
            "path": path[:PATH_LENGTH],
            "status": status,
            "rows": here.rows,
            "duration_ms": round(seconds * 1e3, 3),
            "timestamp": time.time(),
        }
        if here.key is not None:
            event["key"] = here.key
        self._record(event)
        if here.error is not None and here.error.detail:
            self._tell_invalid(here, here.error, path)

    def _tell_invalid(self, here: Exchange, error: ApiError, path: str) -> None:
        """Log where a request was wrong and how, but not what it held, unless that is asked for."""
        fields: dict[str, Any] = {
            "request_id": here.request_id,
            "path": path[:PATH_LENGTH],
            "errors": [{"loc": list(each.loc), "type": each.type} for each in error.detail],
        }
        endpoint = self._endpoints.get(path)
        if self._log_rejected and endpoint is not None:
            fields["body"] = redacted(here.body, endpoint.contract)
        log.warning("validation_failed", **fields)

    def _label(self, path: str) -> str:
        if path in self._endpoints or path in PATHS:
            return path
        model = path.removeprefix("/models/").removesuffix("/card").removesuffix("/drift")
        if path.startswith("/models/") and f"/{model}/predict" in self._endpoints:
            return path.replace(f"/{model}", "/{model}", 1)
        return "other"
