"""docs/signing.md, run: keys by OpenSSL, models signed, served, tampered with and refused."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, serving
from tests.store import copy_of, newer
from tests.test_process import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed"),
]

TEXT = (ROOT / "docs/signing.md").read_text()


@pytest.fixture(scope="module")
def page(home, tmp_path_factory):
    """Run the page's commands; give their folder, the store they signed, and what they said."""
    folder = tmp_path_factory.mktemp("signing")
    store, _ = copy_of(home, folder / "store")
    names = {
        "BENTOML_HOME": str(store),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }
    commands = "\n".join(re.findall(r"^```bash\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL))
    ran = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=folder,
        env=os.environ | names,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stdout
    return folder, store, ran.stdout


def test_what_is_signed_is_what_openssl_finds_signed(page):
    said = page[-1]

    assert "Signature Verified Successfully" in said
    assert "Signature Verified Successfully" in TEXT


def test_a_signed_store_is_served_and_a_version_that_nobody_signed_does_not_replace_it(
    page, tmp_path
):
    """Whoever can write the store puts a newer version there, with right hashes."""
    folder, store, _ = page
    key = str(folder / "signing.pub.pem")
    with serving(store, tmp_path, TABENTO_MODEL_PUBLIC_KEY=key) as running:
        running.ready()
        newer(running.home, "sentiment", "zzzzzzzzzzzzzzzz")
        running.process.send_signal(signal.SIGHUP)
        until(lambda: "model_not_replaced" in running.log.read_text())
        running.ready()

    said = running.log.read_text()
    assert "its signature is not one of this version with this manifest" in said
    assert '"event":"model_replaced"' not in said


def test_a_file_that_was_changed_under_a_signature_is_not_served(page, tmp_path):
    folder, store, _ = page
    ruined, models = copy_of(store, tmp_path / "ruined")
    card = models["breast_cancer"] / "card.md"
    card.write_text(card.read_text().replace("0", "9"))
    with serving(
        ruined, tmp_path, TABENTO_MODEL_PUBLIC_KEY=str(folder / "signing.pub.pem")
    ) as running:
        assert running.process.wait(90) == 1

    assert "card.md is not as training wrote it" in running.log.read_text()
