"""What a reader does with a file in which one bit is not as it was written.

Each damaged file is read in a process of its own: a reader may crash, hang or ask for all memory.
"""

import multiprocessing
import resource
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from models._contract import Probabilities
from train.formats import Format

BITS = 40
SECONDS = 20
MEMORY = 4 << 30
NOTICED, UNCHANGED, WRONG = "noticed", "no effect", "wrong answers"
EXIT = {0: UNCHANGED, 1: NOTICED, 2: WRONG}


def damage(written: Path, form: Format, features: Any, answers: Probabilities) -> Counter[str]:
    """Flip `BITS` single bits, drawn at random, and count what becomes of each."""
    content = written.read_bytes()
    places = np.random.default_rng(0).integers(0, 8 * len(content), BITS).tolist()
    # A server that has no threads forks them: forking this process would copy its locks as well.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["train.formats"])
    found: Counter[str] = Counter()
    for place in places:
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        damaged = written.with_name("damaged")
        damaged.write_bytes(flipped)
        reader = context.Process(target=_read, args=(form, damaged, features, answers))
        reader.start()
        reader.join(SECONDS)
        if reader.is_alive():
            reader.kill()
            reader.join()
        # A crash and a reader that does not end are noticed as well, if not in a good way.
        found[EXIT.get(reader.exitcode or 0, NOTICED)] += 1
    return found


def _read(form: Format, path: Path, features: Any, answers: Probabilities) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stderr = sys.stdout = Path("/dev/null").open("w")  # noqa: SIM115 - this process ends here
    try:
        same = np.array_equal(form.read(path)(features), answers)
    except BaseException:  # whatever it is, it was noticed
        sys.exit(1)
    sys.exit(0 if same else 2)
