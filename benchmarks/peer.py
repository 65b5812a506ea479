"""Who is measured: how each peer is started, asked and understood."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from models import breast_cancer, loan_default, sentiment

Rows = list[dict[str, Any]]


def _body(_model: str, rows: Rows) -> Any:
    return {"rows": rows}


def _predictions(answer: Any) -> list[Any]:
    found: list[Any] = answer["predictions"]
    return found


@dataclass(frozen=True)
class Peer:
    """One server.

    Args:
        name: For commands and files.
        title: For people.
        about: How it is configured, in a sentence.
        command: What starts it; may hold {port} and {workers}. The first word is a program of its
            environment.
        folder: Under `peers/`, holds its code and lock; none for Tabento itself, which runs in the
            environment that runs the benchmark.
        env: Further environment variables, with the same placeholders.
        path: Where a model answers.
        body: A request's rows as its protocol wants them.
        predictions: An answer's predictions, as the contract gives them.
        quick: It is part of a quick run.
        few: It is measured under a few workloads alone.
        limit: Stands beside the others to show what is possible.
        library: Whose version stands for it.
        server: The libraries that speak HTTP for it; none where it does so itself.
    """

    name: str
    title: str
    about: str
    command: tuple[str, ...]
    folder: str | None
    library: str
    server: tuple[str, ...] = ("uvicorn", "uvloop", "httptools")
    env: dict[str, str] = field(default_factory=dict)
    path: str = "/{model}/predict"
    body: Callable[[str, Rows], Any] = _body
    predictions: Callable[[Any], list[Any]] = _predictions
    quick: bool = True
    few: bool = False
    limit: bool = False

    @property
    def protocol(self) -> str:
        """Peers of one protocol are asked with the same bytes."""
        return self.body.__name__.strip("_")

    def encode(self, model: str, rows: Rows) -> bytes:
        return json.dumps(self.body(model, rows), separators=(",", ":")).encode()


V2_TYPES = {bool: "BOOL", int: "INT64", float: "FP64", str: "BYTES"}
NUMBERS_ALONE = {breast_cancer.NAME}


def _lent(peer: "Peer") -> "Peer":
    """The same peer with Tabento's own call of the estimator: what is left is the server alone."""
    return replace(
        peer,
        name=f"{peer.name}_lent",
        title=f"{peer.title}, lent Tabento's estimator call",
        about="as above, but with `serving.compiled` instead of the estimator's own predict_proba",
        env={**peer.env, "BENCH_SHORTCUT": "1"},
        quick=False,
        few=True,
    )


def _tensors(model: str, rows: Rows) -> Any:
    """The Open Inference Protocol: one tensor for numbers alone, else one input a field."""
    fields = list(rows[0])
    if model in NUMBERS_ALONE:
        values = [row[name] for row in rows for name in fields]
        shape = [len(rows), len(fields)]
        return {
            "inputs": [{"name": "features", "shape": shape, "datatype": "FP64", "data": values}]
        }
    return {
        "inputs": [
            {
                "name": name,
                "shape": [len(rows), 1],
                "datatype": V2_TYPES[type(rows[0][name])],
                "data": [row[name] for row in rows],
            }
            for name in fields
        ]
    }


def _strings(answer: Any) -> list[Any]:
    return [json.loads(text) for text in answer["outputs"][0]["data"]]


UVICORN = ("--host", "127.0.0.1", "--port", "{port}", "--workers", "{workers}")

TABENTO = Peer(
    name="tabento",
    title="Tabento",
    about="as shipped: validation, access log, metrics and golden check on",
    command=("bentoml", "serve", "--host", "127.0.0.1", "--port", "{port}"),
    folder=None,
    library="bentoml",
    env={"TABENTO_WORKERS": "{workers}"},
)

FASTAPI_SEED = Peer(
    name="fastapi_seed",
    title="FastAPI, as tutorials write it",
    about="`def` route, predict and predict_proba a request, a DataFrame for the loans, access log",
    command=("uvicorn", "benchmarks.peers.fastapi_seed.app:app", *UVICORN),
    folder="fastapi_seed",
    library="fastapi",
)

FASTAPI_BEST = Peer(
    name="fastapi_best",
    title="FastAPI, at its best",
    about="`async` route, bytes validated once, predicted in the loop, bytes out, no access log",
    command=("uvicorn", "benchmarks.peers.fastapi_best.app:app", *UVICORN, "--no-access-log"),
    folder="fastapi_best",
    library="fastapi",
)

MOSEC = Peer(
    name="mosec",
    title="mosec",
    about="batches of up to 64 requests, 1 ms wait; pydantic reads the bytes in its one stage",
    command=(
        *("python", "-m", "benchmarks.peers.mosec.app", "--address", "127.0.0.1"),
        *("--port", "{port}", "--log-level", "warning"),
    ),
    folder="mosec",
    library="mosec",
    server=(),
)

PEERS = (
    TABENTO,
    FASTAPI_SEED,
    FASTAPI_BEST,
    Peer(
        name="flask_gunicorn",
        title="Flask + gunicorn",
        about="gunicorn's default sync worker: no keep-alive, one request at a time",
        command=(
            *("gunicorn", "benchmarks.peers.flask_gunicorn.app:app"),
            *("--bind", "127.0.0.1:{port}", "--workers", "{workers}"),
        ),
        folder="flask_gunicorn",
        library="flask",
        server=("gunicorn",),
        quick=False,
    ),
    Peer(
        name="bentoml_batchable",
        title="BentoML, batchable=True",
        about="a plain installation and its defaults",
        command=(
            *("bentoml", "serve", "benchmarks.peers.bentoml_batchable.app:Stock"),
            *("--host", "127.0.0.1", "--port", "{port}"),
        ),
        folder="bentoml_batchable",
        library="bentoml",
        predictions=list,
    ),
    Peer(
        name="litserve",
        title="LitServe",
        about="batches of up to 64 requests, 1 ms wait, one API server, one process a model",
        command=("python", "-m", "benchmarks.peers.litserve.app"),
        folder="litserve",
        library="litserve",
    ),
    Peer(
        name="mlserver",
        title="MLServer",
        about="adaptive batching of up to 64 requests, 1 ms wait, Open Inference Protocol",
        command=("mlserver", "start", "benchmarks/peers/mlserver"),
        folder="mlserver",
        library="mlserver",
        env={
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{port1}",
            "MLSERVER_METRICS_PORT": "{port2}",
            "MLSERVER_PARALLEL_WORKERS": "{pool}",
            "MLSERVER_DEBUG": "false",
        },
        path="/v2/models/{model}/infer",
        body=_tensors,
        predictions=_strings,
    ),
    Peer(
        name="ray_serve",
        title="Ray Serve",
        about="`@serve.batch` of up to 64 requests without a wait, one replica process a model",
        command=("python", "-m", "benchmarks.peers.ray_serve.app"),
        folder="ray_serve",
        library="ray",
        env={
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",  # what Ray advises, less what needs more hosts
            "RAY_SERVE_ENABLE_DIRECT_INGRESS": "0",
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # off means: the loopback interface alone
        },
        quick=False,  # it starts for half a minute
    ),
    MOSEC,
    _lent(FASTAPI_BEST),
    _lent(MOSEC),
    Peer(
        name="bare_asgi",
        title="bare ASGI (limit)",
        about="uvicorn with uvloop and httptools; JSON in, JSON out, no rules and no model",
        command=(
            *("uvicorn", "benchmarks.peers.bare_asgi.app:app", *UVICORN),
            *("--no-access-log", "--interface", "asgi3", "--lifespan", "off"),
        ),
        folder="bare_asgi",
        library="uvicorn",
        limit=True,
    ),
)

MODELS = (breast_cancer.NAME, loan_default.NAME, sentiment.NAME)
