import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def locust():
    """Run one shape in a process of its own: Locust changes the standard library of its process."""

    def run(shape, url, *arguments):
        command = [sys.executable, "-m", "locust", "-f", f"locustfiles/{shape}.py", "--host", url]
        command += ["--headless", "--only-summary"]
        return subprocess.run(
            [*command, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    return run
