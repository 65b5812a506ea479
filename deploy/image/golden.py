"""Load every model of the Bento as a worker does, while the image is built: no server is started.

A model that does not give its golden answers with the image's own libraries ends the build. What
was imported on the way is compiled by that.
"""

from typing import Any

import bentoml
import bentoml_cli.serve  # noqa: F401 - what the image's entry point imports

if __name__ == "__main__":
    service: Any = bentoml.load("/bento")
    service.inner().bundle.load()
