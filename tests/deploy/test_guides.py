"""What the guides name is there."""

import re

import pytest

from clients.smoke import KEY
from settings import PREFIX, Settings
from tests.deploy.conftest import ROOT

GUIDES = sorted((ROOT / "docs" / "deploy").glob("*.md"))
# Of GitHub's environments, the smoke test's key, and what Kubernetes makes of a Service's name.
NO_SETTINGS = {"TABENTO_URL", KEY, "TABENTO_PORT", "TABENTO_"}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_its_links_and_files_are_there(guide):
    text = guide.read_text()
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (guide.parent / link).exists(), link
    for file in re.findall(r"(?<![\w/])((?:deploy|docs|tests|\.github)/[\w@./-]+\w)", text):
        assert (ROOT / file).exists(), file


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_setting_that_it_names_is_one(guide):
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bTABENTO_[A-Z_]*", guide.read_text()))

    assert named - known - NO_SETTINGS == set()


def test_every_folder_of_files_has_its_guide():
    words = " ".join(guide.read_text() for guide in GUIDES)

    for name in ("aws", "azure", "google-cloud-run", "kubernetes", "systemd"):
        assert f"deploy/{name}/" in words
