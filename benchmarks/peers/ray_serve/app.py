"""Ray Serve with `@serve.batch`: one application, so one replica process, a model and worker.

A replica may hold as many requests as there are connections, as Ray's guide to batching asks for; a
batch waits for nobody. No dashboard, no usage statistics, and nothing listens beyond the loopback
interface: that takes the environment variable in `benchmarks/peer.py` and the hook below.
"""

import signal
import sys
import tempfile
from typing import Any

import ray
from pydantic import TypeAdapter, ValidationError
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

from benchmarks import fitted
from models._contract import Rows


@serve.deployment(
    num_replicas=fitted.workers(),
    max_ongoing_requests=512,
    ray_actor_options={"num_cpus": 0},
)
class Served:
    def __init__(self, name: str) -> None:
        self.served = fitted.load(name)
        contract = self.served.contract
        self.read = Rows[contract.ROW].__pydantic_validator__.validate_json  # type: ignore[name-defined]
        self.write = TypeAdapter(list[contract.PREDICTION]).serializer.to_json  # type: ignore[name-defined]

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0)
    async def predict(self, batch: list[list[Any]]) -> list[list[Any]]:
        answers = iter(self.served.predict([row for rows in batch for row in rows]))
        return [[next(answers) for _ in rows] for rows in batch]

    async def __call__(self, request: Request) -> Response:
        try:
            rows = self.read(await request.body()).rows
        except ValidationError as error:
            return Response(error.json(), 400, media_type="application/json")
        content = b'{"predictions":%b}' % self.write(await self.predict(rows))
        return Response(content, media_type="application/json")


def stay_on_loopback() -> None:
    """Ray runs this first in each of its workers: a replica would open a port to the world."""
    from ray.serve._private import replica

    listen = replica.add_port_to_grpc_server
    replica.add_port_to_grpc_server = lambda server, address: listen(
        server, address.replace("[::]", "127.0.0.1")
    )


def main() -> None:
    ray.init(
        runtime_env={
            "worker_process_setup_hook": "benchmarks.peers.ray_serve.app.stay_on_loopback"
        },
        _temp_dir=tempfile.gettempdir(),
        num_cpus=0,
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=100 * 2**20,
    )
    serve.start(http_options={"host": "127.0.0.1", "port": fitted.port()})
    for name in fitted.CONTRACTS:
        serve.run(Served.bind(name), name=name, route_prefix=f"/{name}/predict")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.pause()


if __name__ == "__main__":
    main()
