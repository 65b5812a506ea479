"""nginx in front of the releases: one upstream, changed without losing a request."""

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.engine import EngineError, run

CONFIGURATION = """\
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 2;
worker_shutdown_timeout 60s;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_max_body_size 9m;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  # One kept-alive connection per request in flight: the service closes idle ones after 5 s.
  upstream live {{
    server {upstream};
    keepalive 32;
    keepalive_timeout 3s;
  }}
  server {{
    listen {listen};
    location / {{
      proxy_pass http://live;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_read_timeout 70s;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """An nginx of its own: its files are in `folder`, it listens at `listen` (`host:port`)."""

    folder: Path
    listen: str

    def switch(self, upstream: str) -> None:
        """Send every request from now on to `upstream`; those in flight end where they are.

        Raises:
            EngineError: nginx refused, and goes on as before.
        """
        file = self.folder / "nginx.conf"
        before = file.read_text() if file.exists() else None
        _replace(
            file,
            CONFIGURATION.format(folder=self.folder, listen=self.listen, upstream=upstream),
        )
        try:
            self._nginx("-t", "-q")
            self._nginx(*(("-s", "reload") if self.runs() else ()))
        except EngineError:
            if before is not None:
                _replace(file, before)
            raise

    def runs(self) -> bool:
        """Whether our nginx is there."""
        try:
            os.kill(int((self.folder / "nginx.pid").read_text()), 0)
        except (OSError, ValueError):
            return False
        return True

    def stop(self) -> None:
        """Finish what is in flight, and end."""
        if self.runs():
            self._nginx("-s", "quit")

    def _nginx(self, *arguments: str) -> None:
        log = str(self.folder / "error.log")
        run("nginx", "-e", log, "-c", str(self.folder / "nginx.conf"), *arguments)


def _replace(file: Path, content: str) -> None:
    """All of it or nothing, whenever the machine stops."""
    new = file.with_suffix(".new")
    new.write_text(content)
    new.replace(file)
