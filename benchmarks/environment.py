"""A virtual environment a peer, from the peer's own lock; made once, then used again."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "benchmarks" / "peers"
# Everything the benchmark makes is in here. The folder hides itself from git.
WORK = ROOT / ".bench"


class BusyError(RuntimeError):
    """Another benchmark runs; two would measure each other."""


class InstallError(RuntimeError):
    """A peer could not be installed; the text says why."""


def work_folder(*parts: str) -> Path:
    """Make a folder under `.bench`."""
    WORK.mkdir(exist_ok=True)
    (WORK / ".gitignore").write_text("*\n")
    folder = WORK.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone() -> Iterator[None]:
    """Let nobody else measure in this folder meanwhile.

    Raises:
        BusyError: somebody does.
    """
    with (work_folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = "another benchmark is running in this folder: wait until it is done"
            raise BusyError(msg) from error
        yield


def programs(folder: str | None) -> Path:
    """Give where a peer's programs are, and install them when its lock is new."""
    if folder is None:
        return Path(sys.executable).parent
    lock = PEERS / folder / "requirements.txt"
    home = work_folder("venv", folder)
    stamp = home / "lock.sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        _install(lock, home)
        stamp.write_text(wanted)
    return home / "bin"


ASK = """
import json, platform
from importlib.metadata import distributions
found = {each.metadata["Name"].lower(): each.version for each in distributions()}
print(json.dumps({**found, "python": platform.python_version()}))
"""


def libraries(folder: str | None) -> dict[str, str]:
    """Ask the environment itself for its Python and all its libraries, and their versions."""
    found: dict[str, str] = json.loads(_run([str(programs(folder) / "python"), "-c", ASK]))
    return found


def _install(lock: Path, home: Path) -> None:
    shutil.rmtree(home)
    _run([sys.executable, "-m", "venv", *_without_pip(), str(home)])
    python = str(home / "bin" / "python")
    uv = _uv()
    pip = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    _run([*pip, "--quiet", "--require-hashes", "-r", str(lock)])


def _uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def _without_pip() -> list[str]:
    return ["--without-pip"] if _uv() else []


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2_000:]
        msg = f"`{' '.join(command)}` failed with {done.returncode}: {said}"
        raise InstallError(msg)
    return done.stdout
