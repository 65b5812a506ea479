"""nginx in front of the releases, switched from one to the next without losing a request.

There are two of them. A worker of nginx that is told to end closes the idle connections of clients,
and a request that is under way on one of them is lost: no setting of nginx 1.22 helps. So what
clients are connected to, the front, is never told anything. It hands each request to the switch,
over a socket of its own that is closed after it, and only the switch is told where releases are.
"""

import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.engine import EngineError, run

COMMON = """\
pid {folder}/{name}.pid;
error_log {folder}/{name}.log warn;
worker_processes 2;
worker_shutdown_timeout 60s;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_max_body_size 9m;
  client_body_temp_path {folder}/{name}.body;
  proxy_temp_path {folder}/{name}.proxy;
  fastcgi_temp_path {folder}/{name}.fastcgi;
  uwsgi_temp_path {folder}/{name}.uwsgi;
  scgi_temp_path {folder}/{name}.scgi;
  proxy_http_version 1.1;
  proxy_read_timeout 70s;
  proxy_set_header Host $host;
{rest}}}
"""
FRONT = """\
  server {{
    listen {listen};
    location / {{
      proxy_pass http://unix:{folder}/switch.sock;
      proxy_set_header Connection close;
    }}
  }}
"""
SWITCH = """\
  # One kept-alive connection per request in flight: the service closes idle ones after 5 s.
  upstream live {{
    server {upstream};
    keepalive 32;
    keepalive_timeout 3s;
  }}
  server {{
    listen unix:{folder}/switch.sock;
    location / {{
      proxy_pass http://live;
      proxy_set_header Connection "";
    }}
  }}
  # To be told to read its files is one thing for nginx, to have done it another: here it says so.
  server {{
    listen unix:{folder}/switch.which.sock;
    return 200 "{upstream} {turn}";
  }}
"""
LOOK_S = 0.02


@dataclass(frozen=True)
class Proxy:
    """The two nginx: their files are in `folder`, the front listens at `listen` (`host:port`).

    Args:
        folder: Theirs alone.
        listen: Where clients come to.
        patience: Seconds in which nginx must have done what it is told.
    """

    folder: Path
    listen: str
    patience: float = 20

    def switch(self, upstream: str) -> None:
        """Send every request from now on to `upstream`; those in flight end where they are.

        Raises:
            EngineError: nginx refused, and goes on as before.
        """
        # nginx's workers are not root, and must get at the socket: through its parents as well.
        self.folder.chmod(self.folder.stat().st_mode | 0o011)
        self._front()
        self.point(upstream)

    def _front(self) -> None:
        """Start it; one that runs is never told anything, for its clients' sake."""
        if not self._runs("nginx"):
            rest = FRONT.format(folder=self.folder, listen=self.listen)
            self._apply("nginx", rest)
        elif f"listen {self.listen};" not in (self.folder / "nginx.conf").read_text():
            msg = f"nginx does not listen at {self.listen}, but as {self.folder}/nginx.conf says"
            raise EngineError(msg)

    def point(self, upstream: str) -> bool:
        """Do the same where the front is as it should be; whether there was anything to do.

        Raises:
            EngineError: nginx refused, or did not do it in time.
        """
        said = self._said()
        file = self.folder / "switch.conf"
        if said.startswith(f"{upstream} ") and f'"{said}"' in file.read_text():
            return False
        # Of its own, so that a switch is not taken for the one that went there before.
        turn = secrets.token_hex(4)
        rest = SWITCH.format(folder=self.folder, upstream=upstream, turn=turn)
        self._apply("switch", rest)
        deadline = time.monotonic() + self.patience
        while self._said() != f"{upstream} {turn}":
            if time.monotonic() > deadline:
                msg = f"nginx does not go to {upstream} as told: see {self.folder}/switch.log"
                raise EngineError(msg)
            time.sleep(LOOK_S)
        return True

    def _said(self) -> str:
        """Where requests go now, by the word of who sends them there; nothing: it is silent."""
        with socket.socket(socket.AF_UNIX) as asking, suppress(OSError):
            asking.settimeout(self.patience)
            asking.connect(str(self.folder / "switch.which.sock"))
            asking.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with asking.makefile("rb") as answer:
                return answer.read().partition(b"\r\n\r\n")[2].decode()
        return ""

    def stop(self) -> None:
        """Finish what is in flight, and end."""
        for name in ("nginx", "switch"):
            if self._runs(name):
                self._nginx(name, "-s", "quit")

    def _apply(self, name: str, rest: str) -> None:
        """Start it, or tell it to read its file again."""
        file = self.folder / f"{name}.conf"
        before = file.read_text() if file.exists() else None
        wanted = COMMON.format(folder=self.folder, name=name, rest=rest)
        _replace(file, wanted)
        try:
            self._nginx(name, "-t", "-q")
            if self._runs(name):
                self._nginx(name, "-s", "reload")
            else:
                # One that was killed leaves its sockets, and nginx would not take them over.
                for left in self.folder.glob(f"{name}.*sock"):
                    left.unlink()
                self._nginx(name)
        except EngineError:
            if before is not None:
                _replace(file, before)
            raise

    def _runs(self, name: str) -> bool:
        """Whether the pid in its file is its own: after a reboot it may be a stranger's."""
        try:
            pid = int((self.folder / f"{name}.pid").read_text())
            said = run("ps", "-ww", "-o", "args=", "-p", str(pid))
        except (OSError, ValueError, EngineError):
            return False
        return "nginx" in said and f"{self.folder / name}.conf" in said

    def _nginx(self, name: str, *arguments: str) -> None:
        log, file = str(self.folder / f"{name}.log"), str(self.folder / f"{name}.conf")
        run("nginx", "-e", log, "-c", file, *arguments)


def _replace(file: Path, content: str) -> None:
    """All of it or nothing, whenever the machine stops."""
    new = file.with_suffix(".new")
    new.write_text(content)
    new.replace(file)
