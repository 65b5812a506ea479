"""Take the hosts out of a CycloneDX file: what a package is says its purl, not where it was got.

    python deploy/sbom.py dist/sbom.cdx.json

An index may be a company's own, and its name is nobody else's business. The hashes stay.
"""

import json
import sys
from pathlib import Path
from typing import Any


def without_hosts(bom: dict[str, Any]) -> dict[str, Any]:
    """The same bill, where each distribution is named by its package's purl.

    The descriptions go too, as they are the lock's own lines again. The tools that wrote it keep
    names and versions, and lose the links to their homepages.
    """
    components = [_purl_only(component) for component in bom["components"]]
    tools = [
        _without(tool, "externalReferences") for tool in bom["metadata"]["tools"]["components"]
    ]
    metadata = bom["metadata"] | {"tools": {"components": tools}}
    return bom | {"components": components, "metadata": metadata}


def _purl_only(component: dict[str, Any]) -> dict[str, Any]:
    references = [
        reference | {"url": component["purl"]}
        for reference in component["externalReferences"]
        if reference["type"] == "distribution"
    ]
    return _without(component, "description") | {"externalReferences": references}


def _without(component: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in component.items() if name != field}


def main() -> None:
    """Rewrite the file that is named."""
    file = Path(sys.argv[1])
    bom = without_hosts(json.loads(file.read_text()))
    file.write_text(json.dumps(bom, indent=1) + "\n")


if __name__ == "__main__":
    main()
