"""Sign a stored model with a private key: services that have its public key serve no other."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from train.display import console
from train.sign import SignError, sign

IMPOSSIBLE = 1


def main(arguments: Sequence[str]) -> int:
    """Return 0, or 1 when it can not be signed."""
    asked = _parser().parse_args(arguments[1:])
    try:
        signed = sign(asked.model, asked.key, force=asked.force)
    except SignError as error:
        console(stderr=True).print(f"python -m train: {error}", markup=False, soft_wrap=True)
        return IMPOSSIBLE
    console().print(f"{signed} is signed", markup=False)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train sign", description=__doc__)
    add = parser.add_argument
    add("model", metavar="MODEL[:VERSION]", help="without a version the latest")
    add(
        "--key", type=Path, required=True, metavar="FILE", help="PEM, not encrypted: Ed25519, P-256"
    )
    add("--force", action="store_true", help="sign even a model that failed its gate")
    return parser
