"""Who is let in, and for how long a client waits."""

import pytest

from serving.admission import ALWAYS_OPEN, Admission, timeout_of
from serving.errors import ApiError
from serving.keys import Keyring


def door(keyring=None, *, protect_all=False, most_in_flight=2):
    return Admission(keyring, protect_all, most_in_flight)


@pytest.fixture
def keyring(tmp_path):
    file = tmp_path / "keys.toml"
    file.write_text("")
    return Keyring(file, workers=1)


def test_without_keys_all_may_come():
    assert door().admit({}, "sentiment") is None


def test_one_request_too_many_is_sent_away_with_a_time_to_come_back():
    full = door()
    full.in_flight = 2

    with pytest.raises(ApiError) as caught:
        full.admit({}, "sentiment")
    assert (caught.value.status, caught.value.code) == (503, "overloaded")
    assert caught.value.headers == {"Retry-After": "1"}


@pytest.mark.parametrize("path", sorted(ALWAYS_OPEN))
def test_probes_need_no_key_even_where_all_else_does(keyring, path):
    assert door(keyring, protect_all=True).admit_other({}, path) is None


@pytest.mark.parametrize("path", ["/metrics", "/models", "/docs.json", "/"])
def test_other_routes_need_a_key_only_where_all_is_protected(keyring, path):
    assert door(keyring).admit_other({}, path) is None

    with pytest.raises(ApiError) as caught:
        door(keyring, protect_all=True).admit_other({}, path)
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (b"1", 0.001),
        (b"0250", 0.25),
        (b"0" * 5_000 + b"250", 0.25),
        (b"999999999", 10),
    ],
)
def test_a_client_may_wait_less_than_the_service_does_but_not_longer(given, seconds):
    assert timeout_of({b"x-request-timeout-ms": given}, 10) == seconds


def test_a_client_that_does_not_say_waits_as_long_as_the_service():
    assert timeout_of({}, 10) == 10


@pytest.mark.parametrize(
    "given", [b"", b"0", b"-1", b"1.5", b"1e3", b"9" * 5_000, b"0" * 5_000, b"soon"]
)
def test_a_waiting_time_that_is_none_is_a_400(given):
    with pytest.raises(ApiError) as caught:
        timeout_of({b"x-request-timeout-ms": given}, 10)
    assert caught.value.status == 400
