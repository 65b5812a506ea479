"""What can be asked about the models: `/models`, the cards, `/health`, `/ready`."""

import os
import re
import time
from typing import Any

import bentoml
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from monitoring.windows import WINDOWS
from serving import errors, exchange, feedback, openapi, supervisor
from serving.artifact import ArtifactError
from serving.bundle import Bundle
from serving.errors import ApiError, Detail
from serving.renewal import Renewal
from serving.served import Served
from serving.watching import unwatched


def app() -> Starlette:
    """Make the routes. The front puts its bundle into each request's scope."""
    return Starlette(
        routes=[
            Route("/", _page, methods=["GET"]),
            Route("/docs.json", _docs, methods=["GET"]),
            Route("/models", _models, methods=["GET"]),
            Route("/models/{model}", _model, methods=["GET"]),
            Route("/models/{model}/card", _card, methods=["GET"]),
            Route("/models/{model}/drift", _drift, methods=["GET"]),
            Route("/models/{model}/reload", _reload, methods=["POST"]),
            Route("/models/{model}/feedback", _feedback, methods=["POST"]),
            Route("/health", _health, methods=["GET"]),
            Route("/ready", _ready, methods=["GET"]),
            Route("/metrics", _metrics, methods=["GET"]),
        ],
        exception_handlers={ApiError: _error},
    )


async def _error(_: Request, error: Exception) -> Response:
    """Leave the error for the front, which renders it."""
    if not isinstance(error, ApiError):  # what Starlette promises, and the type checker cannot know
        raise error
    exchange.leave(error)
    return Response(status_code=error.status)


def _bundle(request: Request) -> Bundle:
    bundle: Bundle = request.scope[BUNDLE]
    return bundle


BUNDLE = "tabento.bundle"

# Swagger UI's own files come with BentoML; BentoML's page around them calls a third party.
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tabento</title>
<link rel="stylesheet" href="static_content/swagger-ui.css">
<link rel="stylesheet" href="static_content/index.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="static_content/swagger-ui-bundle.js"></script>
<script src="static_content/swagger-ui-standalone-preset.js"></script>
<script src="static_content/swagger-initializer.js"></script>
</body>
</html>
"""
OWN_FILES_ONLY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'"
)


async def _page(_: Request) -> Response:
    return HTMLResponse(PAGE, headers={"Content-Security-Policy": OWN_FILES_ONLY})


async def _docs(request: Request) -> JSONResponse:
    contracts = [*_bundle(request).contracts.values()]
    arrow_rows = bentoml.get_current_service().arrow_rows
    return JSONResponse(openapi.document(contracts, arrow_rows=arrow_rows))


async def _models(request: Request) -> JSONResponse:
    bundle = _bundle(request)
    return JSONResponse({"models": [_summary(bundle.get(name)) for name in bundle.contracts]})


async def _model(request: Request) -> JSONResponse:
    served = _bundle(request).get(request.path_params["model"])
    return JSONResponse(_summary(served) | _details(served))


CARD = {"text/html": "card.html", "text/markdown": "card.md"}
NOTHING_FROM_ELSEWHERE = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"
)


async def _card(request: Request) -> Response:
    """A page, unless Markdown is asked for by name."""
    served = _bundle(request).get(request.path_params["model"])
    asked = request.headers.get("accept", "")
    kind = "text/markdown" if "text/markdown" in asked else "text/html"
    file = served.artifact.folder / CARD[kind]
    if not file.exists():
        msg = f"{served.artifact.tag} has no card: train it again."
        raise ApiError(404, msg)
    headers = {"Vary": "Accept", "Content-Security-Policy": NOTHING_FROM_ELSEWHERE}
    return Response(file.read_bytes(), media_type=kind, headers=headers)


async def _drift(request: Request) -> Response:
    """Compare what all workers answered in a window with the rows of training."""
    served = _bundle(request).get(request.path_params["model"])
    window = request.query_params.get("window", WINDOWS[0])
    if window not in WINDOWS:
        detail = Detail(("window",), f"There are the windows {', '.join(WINDOWS)}.", "enum")
        raise ApiError(400, f"window: {detail.msg}", detail=[detail])
    if served.watch is None:
        raise ApiError(404, unwatched(served.artifact))
    report = served.watch.report(window)
    return Response(
        report.model_dump_json(),
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


_RELOAD = re.compile(r"/models/([^/]+)/reload")


def reloaded(path: str) -> str | None:
    """Name the model that a path asks to reload, which not every key may."""
    found = _RELOAD.fullmatch(path)
    return found[1] if found else None


async def _reload(request: Request) -> Response:
    """Serve what the store says is to be served; the other workers are told to do the same."""
    renewal: Renewal = bentoml.get_current_service().renewal
    try:
        renewed = await renewal.model(request.path_params["model"])
    except ArtifactError as error:
        raise ApiError(409, str(error), "not_reloaded") from error
    supervisor.renew_all()
    return JSONResponse(renewed.as_dict(), headers={"Cache-Control": "no-store"})


async def _feedback(request: Request) -> Response:
    """Take what came of kept predictions."""
    bundle = _bundle(request)
    model = bundle.get(request.path_params["model"]).contract.NAME
    taken = await bundle.keeping.learn(model, await feedback.read(request))
    return JSONResponse(taken.model_dump(), headers={"Cache-Control": "no-store"})


def _summary(served: Served) -> dict[str, Any]:
    manifest = served.artifact.manifest
    return {
        "model": manifest.name,
        "tag": served.artifact.tag,
        "version": served.artifact.version,
        "sha256": served.artifact.sha256,
        "synthetic": manifest.data.synthetic,
        "trained_at": manifest.trained_at.isoformat(),
        "gate": manifest.gate,
    }


def _details(served: Served) -> dict[str, Any]:
    manifest = served.artifact.manifest.model_dump(
        mode="json",
        include={"estimator", "parameters", "versions", "data", "metrics", "files", "git_revision"},
    )
    return manifest | {
        "threshold": served.artifact.manifest.policy.threshold,
        "version_mismatch": list(served.artifact.version_mismatch),
        "row_schema": served.contract.ROW.model_json_schema(),
        "prediction_schema": served.contract.PREDICTION.model_json_schema(),
    }


async def _health(request: Request) -> JSONResponse:
    """Alive, with or without models; `models_loaded` says which."""
    bundle = _bundle(request)
    return JSONResponse(
        {
            "status": "alive",
            "models_loaded": bool(bundle.served),
            "versions": {name: each.artifact.version for name, each in bundle.served.items()},
            "uptime_seconds": round(time.monotonic() - bundle.started, 3),
            "pid": os.getpid(),
        }
    )


async def _metrics(request: Request) -> Response:
    return Response(_bundle(request).metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


async def _ready(request: Request) -> JSONResponse:
    reason = await _bundle(request).unready()
    if reason:
        raise errors.not_ready(reason)
    return JSONResponse({"status": "ready"})
