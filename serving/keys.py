"""Who may call: API keys, each with a name, the models it opens and a rate.

The file is TOML, a table a key, and holds no key but its sha256. A key is 256 random bits, so a
plain hash is enough: there is nothing to guess. `python -m serving.keys NAME` makes a key.
"""

import hashlib
import secrets
import sys
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from math import ceil
from pathlib import Path
from typing import Annotated, Any

import structlog
from bentoml.exceptions import BentoMLException
from limits import RateLimitItem, parse, parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from models._contract import Strict
from serving.errors import ApiError
from serving.manifest import Sha256

log = structlog.get_logger()


def _rate(text: Any) -> Any:
    try:
        each = parse_many(text)
    except (TypeError, ValueError):
        each = []
    # Of several the first alone would count, and of none at all one a second would be granted.
    if len(each) != 1 or not each[0].amount:
        msg = "a rate reads like 100/second or 5000/hour"
        raise ValueError(msg)
    return text


class Entry(Strict):
    """What the file says of a key: without `models` it opens all, without `rate` it has none.

    With `reload` it may also make the service look for newer models.
    """

    sha256: Sha256
    models: list[str] | None = None
    rate: Annotated[str, BeforeValidator(_rate)] | None = None
    reload: bool = False


@dataclass(frozen=True)
class Key:
    """A key as it is known here: by name."""

    name: str
    digest: str
    models: frozenset[str] | None
    rate: RateLimitItem | None
    reload: bool


class KeyringError(BentoMLException):
    """The file of keys can not be used; the text says why."""


class Keyring:
    """The keys of a file, as of its last change.

    Args:
        file: See the module.
        workers: Among how many processes a rate is shared: each grants its part.

    Raises:
        KeyringError: the file can not be used.
    """

    def __init__(self, file: Path, workers: int) -> None:
        self._file = file
        self._workers = workers
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._changed = self._seen = self._stamp()
        self._keys = _read(file, workers)

    def reload(self) -> None:
        """Read the file again if it changed; one that can not be used leaves the old keys.

        To be called again and again: who writes it may not be done, and half of it, or nothing yet,
        may be a valid file. So it is read when it has stayed as it is from one call to the next.
        """
        stamp, seen = self._stamp(), self._seen
        self._seen = stamp
        if stamp != seen or stamp == self._changed:
            return
        self._changed = stamp
        try:
            self._keys = _read(self._file, self._workers)
        except KeyringError as error:
            log.warning("keys_not_reloaded", error=str(error))
        else:
            log.info("keys_reloaded", names=[key.name for key in self._keys])

    def _stamp(self) -> tuple[int, int] | None:
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size

    def admit(
        self, headers: Mapping[bytes, bytes], model: str | None, *, reload: bool = False
    ) -> str:
        """Return the name of the caller's key.

        Args:
            headers: Of the request: `Authorization: Bearer KEY` or `X-API-Key: KEY`.
            model: Which it asks for, if one.
            reload: Whether it asks for a newer one.

        Raises:
            ApiError: 401 without a key, 403 for what it does not open, 429 above its rate.
        """
        key = self._find(headers)
        if reload and not key.reload:
            msg = "This key may not reload models: its entry lacks `reload = true`."
            raise ApiError(403, msg)
        if model is not None and key.models is not None and model not in key.models:
            msg = f"This key does not open {model}."
            raise ApiError(403, msg)
        if key.rate is not None and not self._limiter.hit(key.rate, key.name):
            left = self._limiter.get_window_stats(key.rate, key.name).reset_time - time.time()
            msg = f"This key may ask {key.rate}; come again later."
            raise ApiError(429, msg, headers={"Retry-After": str(max(1, ceil(left)))})
        return key.name

    def _find(self, headers: Mapping[bytes, bytes]) -> Key:
        given = headers.get(b"x-api-key") or _bearer(headers.get(b"authorization", b""))
        digest = hashlib.sha256(given).hexdigest()
        # All are compared, whichever matches: how long it takes says nothing.
        found = [key for key in self._keys if compare_digest(key.digest, digest)]
        if not given or not found:
            msg = "A valid key is needed: Authorization: Bearer KEY."
            raise ApiError(401, msg, headers={"WWW-Authenticate": "Bearer"})
        return found[0]


def _bearer(field: bytes) -> bytes:
    scheme, _, credentials = field.partition(b" ")
    return credentials.strip() if scheme.lower() == b"bearer" else b""


def _read(file: Path, workers: int) -> list[Key]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
        entries = TypeAdapter(dict[str, Entry]).validate_python(tables)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        msg = f"the file of keys {file} can not be read: {error}"
        raise KeyringError(msg) from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        msg = f"the file of keys {file} is not as it should be: {'; '.join(faults)}"
        raise KeyringError(msg) from None
    return [_key(name, entry, workers) for name, entry in entries.items()]


def _key(name: str, entry: Entry, workers: int) -> Key:
    models = None if entry.models is None else frozenset(entry.models)
    return Key(name, entry.sha256, models, _share(entry.rate, workers), entry.reload)


def _share(rate: str | None, workers: int) -> RateLimitItem | None:
    if rate is None:
        return None
    whole = parse(rate)
    return type(whole)(max(1, whole.amount // workers), whole.multiples)


def main() -> None:
    """Make a key for the name that was given; say the key once, and what to add to the file."""
    name = " ".join(sys.argv[1:])
    if not name.isidentifier():
        usage = "usage: python -m serving.keys NAME (a name is one word)"
        raise SystemExit(usage)
    key = secrets.token_urlsafe(32)
    digest = hashlib.sha256(key.encode()).hexdigest()
    sys.stderr.write(f"the key, shown this once: {key}\nadd this to the file of keys:\n")
    sys.stdout.write(f'[{name}]\nsha256 = "{digest}"\n')


if __name__ == "__main__":
    main()
