"""`python -m deploy.grafana` writes the two dashboards of `deploy/grafana/dashboards/`."""

import json
from pathlib import Path
from typing import Any

from deploy.grafana.dashboard import dashboard
from deploy.grafana.models import MODELS
from deploy.grafana.service import SERVICE

FOLDER = Path(__file__).parent / "dashboards"


def dashboards() -> dict[str, dict[str, Any]]:
    """Both, by the name of their file."""
    return {
        "service.json": dashboard("service", "Tabento: service", SERVICE, window=False),
        "models.json": dashboard("models", "Tabento: models", MODELS, window=True),
    }


def text(content: dict[str, Any]) -> str:
    """A dashboard as its file holds it."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write them."""
    for name, content in dashboards().items():
        (FOLDER / name).write_text(text(content), encoding="utf-8")


if __name__ == "__main__":
    main()
