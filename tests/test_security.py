"""What SECURITY.md points to is there."""

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "SECURITY.md").read_text()
NAMED = re.findall(r"`([\w./-]+\.(?:py|yml|yaml|md))`", TEXT)
LINKED = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)


@pytest.mark.parametrize("name", sorted({*NAMED, *LINKED}))
def test_every_file_that_it_names_is_there(name):
    assert (ROOT / name).is_file()


def test_every_promise_has_its_test():
    rows = re.findall(
        r"^\| (?!promise|---).+ \| (.+) \|$", _section("What is promised"), re.MULTILINE
    )

    assert rows
    assert all(re.match(r"`tests/", row) for row in rows)


def _section(heading):
    return TEXT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
