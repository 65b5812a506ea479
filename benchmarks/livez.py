"""How long `/livez` takes while the largest Arrow bodies are answered.

    python -m benchmarks.livez http://127.0.0.1:3000 --clients 4

The server is one that runs already, with the built-in settings. Each model in turn is sent as many
rows as go into one body, over and over, by so many clients in a process of their own; meanwhile
`/livez` is asked every 5 ms.
"""

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial

import httpx
import pyarrow
from pyarrow import ipc

from benchmarks.contest import say
from models import breast_cancer, loan_default, sentiment
from models._contract import AnyContract

MODELS: list[AnyContract] = [loan_default, breast_cancer, sentiment]
HEADERS = {"Content-Type": "application/vnd.apache.arrow.stream", "X-Request-Timeout-Ms": "10000"}
# TABENTO_MAX_ARROW_ROWS and TABENTO_MAX_BODY_BYTES where nobody sets them.
MOST_ROWS, MOST_BYTES = 65_536, 8 * 2**20
EVERY_SECONDS = 0.005
BODIES = 5


def body_of(contract: AnyContract, rows: int) -> bytes:
    """Repeat the example's rows."""
    examples = [row.model_dump(mode="json") for row in contract.EXAMPLE]
    table = pyarrow.Table.from_pylist((examples * rows)[:rows])
    sink = pyarrow.BufferOutputStream()
    with ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def largest(contract: AnyContract) -> tuple[int, bytes]:
    """As many rows as go into one body, and the body."""
    bytes_of_one = len(body_of(contract, 1_000)) / 1_000
    rows = min(MOST_ROWS, int(0.99 * MOST_BYTES / bytes_of_one))
    return rows, body_of(contract, rows)


def send(url: str, body: bytes) -> list[float]:
    """Send it some times; the seconds that each good answer took."""
    took = []
    with httpx.Client(timeout=120) as client:
        for _ in range(BODIES):
            started = time.perf_counter()
            if client.post(url, content=body, headers=HEADERS).is_success:
                took.append(time.perf_counter() - started)
    return took


def watch(url: str, sending: Sequence[Future[list[float]]]) -> list[float]:
    """Ask until all is sent; the seconds that each answer took, the least first."""
    took = []
    with httpx.Client(timeout=120) as client:
        while not all(each.done() for each in sending):
            started = time.perf_counter()
            client.get(url).raise_for_status()
            took.append(time.perf_counter() - started)
            time.sleep(EVERY_SECONDS)
    return sorted(took)


def measure(url: str, contract: AnyContract, clients: int, pool: ProcessPoolExecutor) -> None:
    """Print one line for one model."""
    rows, body = largest(contract)
    asked = partial(send, f"{url}/{contract.NAME}/predict", body)
    # The first ones warm up both sides.
    pool.submit(asked).result()
    sending = [pool.submit(asked) for _ in range(clients)]
    seconds = watch(f"{url}/livez", sending)
    answers = [each for some in sending for each in some.result()]
    say(
        f"{contract.NAME}: {rows:,} rows, {len(body) / 2**20:.1f} MiB; {len(answers)} of "
        f"{clients * BODIES} answered, the slowest in {max(answers, default=0):.1f} s; /livez: "
        f"p99 {1e3 * seconds[int(0.99 * len(seconds))]:.0f} ms, worst {1e3 * seconds[-1]:.0f} ms "
        f"of {len(seconds)}"
    )


def main() -> None:
    """One model after the other."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("url")
    parser.add_argument("--clients", type=int, default=1)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.clients) as pool:
        for contract in MODELS:
            measure(options.url.rstrip("/"), contract, options.clients, pool)


if __name__ == "__main__":
    main()
