"""A key opens what its table says, as often as it says, and nobody learns the key itself."""

import hashlib
import os
import subprocess
import sys
import tomllib

import pytest

from serving.errors import ApiError
from serving.keys import Keyring, KeyringError
from tests.conftest import ROOT

KEY = b"correct horse battery staple"
DIGEST = hashlib.sha256(KEY).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys.toml"
    path.write_text(
        f'[alice]\nsha256 = "{DIGEST}"\n'
        f'[bob]\nsha256 = "{hashlib.sha256(b"bob").hexdigest()}"\nmodels = ["sentiment"]\n'
        f'[carol]\nsha256 = "{hashlib.sha256(b"carol").hexdigest()}"\nrate = "3/hour"\n'
    )
    return path


@pytest.fixture
def keyring(file):
    return Keyring(file, workers=1)


def reload(keyring):
    """As the service does: once when it sees a change, and again when the file has stayed so."""
    keyring.reload()
    keyring.reload()


def bearer(key):
    return {b"authorization": b"Bearer " + key}


def test_a_key_opens_every_model_and_is_known_by_its_name(keyring):
    assert keyring.admit(bearer(KEY), "loan_default") == "alice"


def test_a_key_may_come_in_a_header_of_its_own(keyring):
    assert keyring.admit({b"x-api-key": KEY}, "loan_default") == "alice"


@pytest.mark.parametrize(
    "headers", [{}, bearer(b"wrong"), bearer(b""), {b"authorization": b"Basic YTpi"}]
)
def test_without_a_valid_key_the_answer_is_401(keyring, headers):
    with pytest.raises(ApiError) as caught:
        keyring.admit(headers, "sentiment")

    assert (caught.value.status, caught.value.headers) == (401, {"WWW-Authenticate": "Bearer"})


def test_the_hash_of_a_key_is_no_key(keyring):
    with pytest.raises(ApiError):
        keyring.admit(bearer(DIGEST.encode()), "sentiment")


def test_a_key_for_one_model_does_not_open_another(keyring):
    assert keyring.admit(bearer(b"bob"), "sentiment") == "bob"

    with pytest.raises(ApiError) as caught:
        keyring.admit(bearer(b"bob"), "loan_default")
    assert caught.value.status == 403


def test_above_its_rate_a_key_is_sent_away_with_a_time_to_come_back(keyring):
    for _ in range(3):
        keyring.admit(bearer(b"carol"), "sentiment")

    with pytest.raises(ApiError) as caught:
        keyring.admit(bearer(b"carol"), "sentiment")
    assert caught.value.status == 429
    assert int(caught.value.headers["Retry-After"]) >= 1


def test_one_keys_rate_is_not_spent_by_another(keyring):
    for _ in range(4):
        keyring.admit(bearer(KEY), "sentiment")

    assert keyring.admit(bearer(b"carol"), "sentiment") == "carol"


def test_several_workers_share_a_rate(file):
    keyring = Keyring(file, workers=3)
    keyring.admit(bearer(b"carol"), "sentiment")

    with pytest.raises(ApiError):
        keyring.admit(bearer(b"carol"), "sentiment")


def test_a_changed_file_is_read_again_without_a_restart(file, keyring):
    file.write_text(f'[dora]\nsha256 = "{hashlib.sha256(b"dora").hexdigest()}"\n')
    reload(keyring)

    assert keyring.admit(bearer(b"dora"), "sentiment") == "dora"
    with pytest.raises(ApiError):
        keyring.admit(bearer(KEY), "sentiment")


@pytest.mark.parametrize("broken", ["[alice", "[alice]\nsha256 = 5\n", None])
def test_a_file_that_broke_leaves_the_old_keys_in_force(file, keyring, broken):
    if broken is None:
        file.unlink()
    else:
        file.write_text(broken)
    reload(keyring)

    assert keyring.admit(bearer(KEY), "sentiment") == "alice"


def test_a_file_that_is_being_written_is_not_read(file, keyring):
    """What an editor has written so far may be a valid file with no key in it."""
    whole = file.read_text()
    for part in ("", whole[: whole.index("[bob]")]):
        file.write_text(part)
        keyring.reload()
        assert keyring.admit(bearer(b"bob"), "sentiment") == "bob"
    file.write_text(whole)
    reload(keyring)

    assert keyring.admit(bearer(b"bob"), "sentiment") == "bob"


def test_an_emptied_file_shuts_everybody_out(file, keyring):
    file.write_text("")
    reload(keyring)

    with pytest.raises(ApiError):
        keyring.admit(bearer(KEY), "sentiment")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[alice", "can not be read"),
        ('[alice]\nsha256 = "abc"\n', "alice.sha256"),
        (f'[alice]\nsha256 = "{DIGEST}"\nrate = "often"\n', "100/second"),
        (f'[alice]\nsha256 = "{DIGEST}"\nrate = "0/second"\n', "100/second"),
        (f'[alice]\nsha256 = "{DIGEST}"\nrate = "10/second; 100/day"\n', "100/second"),
        (f'[alice]\nsha256 = "{DIGEST}"\nkey = "secret"\n', "alice.key"),
    ],
)
def test_a_file_that_is_wrong_from_the_start_is_refused_with_the_place(tmp_path, text, says):
    path = tmp_path / "keys.toml"
    path.write_text(text)

    with pytest.raises(KeyringError, match=says):
        Keyring(path, workers=1)


def test_a_new_key_works_with_the_table_that_came_with_it(tmp_path):
    made = subprocess.run(
        [sys.executable, "-m", "serving.keys", "erin"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    path = tmp_path / "keys.toml"
    path.write_text(made.stdout)
    key = made.stderr.splitlines()[0].rpartition(" ")[2]

    assert Keyring(path, workers=1).admit(bearer(key.encode()), None) == "erin"
    assert key not in str(tomllib.loads(made.stdout))


def test_the_file_of_the_page_about_keys_is_one(tmp_path):
    page = (ROOT / "docs/keys.md").read_text()
    file = tmp_path / "keys.toml"
    file.write_text(page.partition("```toml\n")[2].partition("```")[0].replace("…", "0" * 64))

    Keyring(file, 1)
