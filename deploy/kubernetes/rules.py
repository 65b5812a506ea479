"""Write the rules of `deploy/prometheus/rules.yml` once more, as the operator's PrometheusRule.

Run it after that file was changed: `.venv/bin/python deploy/kubernetes/rules.py`. A test compares
the two.
"""

from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parent.parent
RULES = DEPLOY / "prometheus" / "rules.yml"
RESOURCE = DEPLOY / "kubernetes" / "components" / "monitoring" / "prometheus-rule.yaml"

HEAD = "# Written by deploy/kubernetes/rules.py; what to change is deploy/prometheus/rules.yml.\n"


def resource(rules: dict[str, Any]) -> dict[str, Any]:
    """Wrap a file of rules; the operator takes its groups as they are."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "tabento", "labels": {"app.kubernetes.io/name": "tabento"}},
        "spec": {"groups": rules["groups"]},
    }


def main() -> None:
    """Write the file."""
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    text = yaml.safe_dump(resource(rules), sort_keys=False, allow_unicode=True, width=100)
    RESOURCE.write_text(HEAD + text, encoding="utf-8")


if __name__ == "__main__":
    main()
