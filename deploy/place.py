"""Where releases are put: a folder that remembers which container is live, behind a proxy."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.proxy import Proxy

LIVE, PREVIOUS = "live", "previous"
STEP, PROPOSED = "under_way", "live.new"


@dataclass(frozen=True)
class Step:
    """From one container to another: all that is needed to go on with it, or to take it back.

    Args:
        new: The one that is to serve.
        old: The one that served before, if any.
        before: Where the old one answers, if it runs.
        forgotten: The one that was kept until now.
    """

    new: str
    old: str | None
    before: str | None
    forgotten: str | None


@dataclass(frozen=True)
class Place:
    """Its folder and proxy, and how the new one is asked and the old one is stopped."""

    folder: Path
    proxy: Proxy
    expect: Path | None = None
    deadline: float = 60
    grace: int = 30

    def container(self, role: str) -> str | None:
        """The name of the container that is `live` or `previous`."""
        file = self.folder / role
        return file.read_text().strip() if file.exists() else None

    def keep(self, container: str | None) -> None:
        """This one is `previous` from now on."""
        if container is None:
            (self.folder / PREVIOUS).unlink(missing_ok=True)
        else:
            self._write(PREVIOUS, container)

    def propose(self, container: str) -> None:
        """Write down what may be `live` soon: a full disk is found before anything is switched."""
        (self.folder / PROPOSED).write_text(container + "\n")

    def decide(self) -> None:
        """What was proposed is `live` from now on: all of it or nothing."""
        (self.folder / PROPOSED).replace(self.folder / LIVE)

    def begin(self, step: Step) -> None:
        """Remember what is about to be done, in case that this process is killed meanwhile."""
        self._write(STEP, json.dumps(asdict(step)))

    def under_way(self) -> Step | None:
        """What was begun and has not ended."""
        file = self.folder / STEP
        return Step(**json.loads(file.read_text())) if file.exists() else None

    def end(self) -> None:
        """Forget the step: all of it is done, or taken back."""
        for name in (STEP, PROPOSED):
            (self.folder / name).unlink(missing_ok=True)

    def _write(self, name: str, content: str) -> None:
        file = self.folder / name
        new = file.with_suffix(".new")
        new.write_text(content + "\n")
        new.replace(file)
