"""The image's HEALTHCHECK: it answers, and with every worker that it should have.

A worker that died and could not be replaced would leave a service that answers with less capacity
than was paid for, and `/readyz`, which one worker answers, would not tell.
"""

import http.client
import os
import sys
from collections.abc import Iterator
from pathlib import Path

WORKER = b"_bentoml_impl.worker.service"


def ready(port: int) -> bool:
    """Whether `/readyz` says so, within two seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def workers() -> Iterator[int]:
    """The pids of those that live: one that ended and is not yet buried has no command line."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().split(b"\0")
        except OSError:
            continue
        if WORKER in words:
            yield int(file.parent.name)


def main() -> int:
    """Exit code 0: healthy; 1: not, and why."""
    wanted, found = int(os.environ.get("TABENTO_WORKERS", "1")), len(list(workers()))
    if found < wanted:
        print(f"{found} of {wanted} workers")  # noqa: T201 - `docker inspect` shows it
        return 1
    if not ready(int(os.environ.get("BENTOML_PORT", "3000"))):
        print("not ready")  # noqa: T201 - as above
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
