"""Notes where a BentoML worker is, each time it has used some more CPU: a profile by samples.

Python imports this by itself in every process that has this folder in its PYTHONPATH. The kernel
tells when a tick of CPU time is used, in Python or beneath it; the stack is noted as soon as Python
runs again, so that what C code and the kernel took counts for the frame that follows or called it.
"""

import atexit
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

INTERVAL_SECONDS = 0.001
# Between two writes of the file: a write costs about a millisecond.
KEEP = 100
SEEN: Counter[tuple[str, ...]] = Counter()


def note(_signal: int, frame: FrameType | None) -> None:
    stack = []
    while frame is not None:
        stack.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
        frame = frame.f_back
    SEEN[tuple(stack)] += 1
    if SEEN.total() % KEEP == 0:
        write()


def write() -> None:
    file = Path(os.environ["BENCH_SAMPLES"], f"{os.getpid()}.json")
    beside = file.with_suffix(".new")
    beside.write_text(json.dumps([[stack, count] for stack, count in SEEN.items()]))
    beside.replace(file)


if "BENCH_SAMPLES" in os.environ and any("_bentoml_impl.worker" in word for word in sys.orig_argv):
    signal.signal(signal.SIGPROF, note)
    signal.siginterrupt(signal.SIGPROF, False)
    # An interpreter that ends takes its handlers back, and the signal would end it sooner.
    atexit.register(signal.setitimer, signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
