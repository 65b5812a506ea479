"""The bytes of a file its user names, with their fingerprint."""

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

GZIP_MAGIC = b"\x1f\x8b"


class SourceError(ValueError):
    """The file cannot be trained on; the text says which file, what is wrong and what to do."""


@dataclass(frozen=True)
class Source:
    """`name` is the file's name without its folder; `fingerprint` its sha256 as stored."""

    name: str
    data: bytes
    fingerprint: str


def load(path: Path) -> Source:
    """Read a file, plain or gzip: its first bytes tell, not its name."""
    try:
        stored = path.read_bytes()
        data = gzip.decompress(stored) if stored.startswith(GZIP_MAGIC) else stored
    except (EOFError, zlib.error, gzip.BadGzipFile) as err:
        msg = f"{path.name} is a damaged gzip file ({err}): copy or download it again"
        raise SourceError(msg) from err
    except OSError as err:
        msg = f"{path.name} cannot be read: {err.strerror}"
        raise SourceError(msg) from err
    if not data.strip():
        msg = f"{path.name} is empty"
        raise SourceError(msg)
    return Source(path.name, data, hashlib.sha256(stored).hexdigest())
