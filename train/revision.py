"""Which revision of the code, and which locked libraries, trained a model."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCKS = HERE.parent / "requirements"
# `make track` makes an environment of this name, from a lock of its own.
LOCK = LOCKS / ("track.txt" if Path(sys.prefix).name == ".track" else "train.txt")


def revision(folder: Path = HERE) -> str | None:
    """The commit, with `-dirty` behind it when files changed or came; None without a checkout."""
    git = shutil.which("git")
    if git is None:
        return None
    commit = _said([git, "rev-parse", "--verify", "HEAD"], folder)
    # New files count as well: a module that git does not know is code all the same.
    changed = _said([git, "status", "--porcelain"], folder)
    return f"{commit}-dirty" if commit and changed else commit or None


def _said(command: list[str], folder: Path) -> str:
    answer = subprocess.run(  # noqa: S603 - the commands are fixed
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def lock_sha256(lock: Path = LOCK) -> str | None:
    """Of the requirements file that says what to train with; None where there is none."""
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else None
