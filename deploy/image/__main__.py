"""`python -m deploy.image`: build the Bento and its image; `--contents IMAGE`: what is in it."""

import argparse
import sys
from collections.abc import Sequence

from deploy.engine import EngineError
from deploy.image import build, contents


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: done; 1: the engine or BentoML failed; 2: wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m deploy.image", description=__doc__)
    parser.add_argument("--tag", default="tabento:latest", help="name of the image")
    parser.add_argument("--base", default="python:3.11-slim", help="image to build upon")
    parser.add_argument("--release", action="store_true", help="refuse a base without a digest")
    parser.add_argument("--contents", metavar="IMAGE", help="say what takes the space in IMAGE")
    asked = parser.parse_args(arguments)
    if asked.release and "@sha256:" not in asked.base:
        parser.error("a release names its base by digest: --base python:3.11-slim@sha256:…")
    try:
        if not asked.contents:
            build.image(asked.tag, asked.base)
        print(contents.table(asked.contents or asked.tag))  # noqa: T201 - what was asked for
    except EngineError as error:
        print(f"deploy.image: {error}", file=sys.stderr)  # noqa: T201 - a command says why
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
