"""docs/arrow.md: what it shows is run."""

import re
import subprocess
import sys

from settings import Settings
from tests.conftest import ROOT

PAGE = (ROOT / "docs/arrow.md").read_text()


def test_the_program_prints_what_came_back(server):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", program.replace("http://localhost:3000", server)],
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = done.stdout.splitlines()

    assert first == "2000 ['positive_probability', 'label', 'confidence']"
    assert re.fullmatch(r"b'[a-z0-9]{16}' b'[0-9a-f]{32}'", second)


def test_the_limits_are_those_of_the_settings():
    fields = Settings.model_fields

    assert f"`TABENTO_MAX_ARROW_ROWS` ({fields['max_arrow_rows'].default:,})" in PAGE
    most = fields["max_body_bytes"].default // 2**20
    assert f"`TABENTO_MAX_BODY_BYTES` ({most} MiB)" in PAGE
