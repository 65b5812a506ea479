"""A setting is what its table says, or the process does not start."""

import pytest
from pydantic import ValidationError

from settings import Settings, settings, tag_of

HUGE = "9" * 30
FOLDERS = ["", ".", "/"]
WRONG = {
    "workers": ["0", "-1", "1.5", "two", "", "1001"],
    "front": ["ON", "yes", ""],
    "allow_version_mismatch": ["2", "maybe", ""],
    "max_body_bytes": ["999", "8MB", HUGE],
    "max_arrow_rows": ["0", HUGE],
    "max_batch_rows": ["0", "many", HUGE],
    "max_queue_rows": ["511", HUGE],
    "max_wait_ms": ["0", "0.5", HUGE],
    "timeout_s": ["0", "-1", "3601", "inf", "nan"],
    "max_in_flight": ["0", HUGE],
    "drain_s": ["-1", "601", "nan"],
    "drain": ["none", "ANSWER", ""],
    "reload_s": ["-1", "86401", "nan"],
    "protect": ["none", "ALL"],
    "cors_origins": ["example.org", "https://a.example/path", "https://a.example,*", "ftp://a"],
    "predictions_max_bytes": ["999999", "1GB", HUGE],
    "predictions_max_days": ["0", "-1", "36501", "nan"],
    "log_rejected_bodies": ["2"],
    "log_sample": ["-0.1", "1.1", "nan", "all"],
    "log_level": ["info", "TRACE"],
    "api_keys_file": FOLDERS,
    "model_public_key": FOLDERS,
    "predictions_file": FOLDERS,
}


@pytest.fixture(autouse=True)
def _none_is_set(monkeypatch):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"TABENTO_{name.upper()}", raising=False)


def test_without_any_set_every_setting_has_its_default():
    expected = {name: field.default for name, field in Settings.model_fields.items()}

    assert Settings().model_dump() == expected


def test_every_setting_says_what_it_means():
    for name, field in Settings.model_fields.items():
        assert (field.description or "").endswith("."), name


def test_every_setting_that_can_be_wrong_is_tried_here():
    assert set(WRONG) == set(Settings.model_fields)


def test_a_setting_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("TABENTO_MAX_BATCH_ROWS", "64")
    monkeypatch.setenv("TABENTO_ALLOW_VERSION_MISMATCH", "1")

    assert (Settings().max_batch_rows, Settings().allow_version_mismatch) == (64, True)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_refused(monkeypatch, name, value):
    monkeypatch.setenv(f"TABENTO_{name.upper()}", value)

    with pytest.raises(ValidationError, match=name):
        Settings()


@pytest.mark.parametrize(
    "name", ["TABENTO_WORKER", "TABENTO_", "TABENTO_FRONT_", "tabento_workers"]
)
def test_an_unknown_name_is_refused_and_the_known_are_told(monkeypatch, name):
    monkeypatch.setenv(name, "1")

    with pytest.raises(ValidationError, match=f"unknown setting {name};.* TABENTO_WORKERS"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TABENTO_WORKERS", "0", r"TABENTO_WORKERS: Input should .* 1"),
        ("TABENTO_WORKER", "1", r"unknown setting TABENTO_WORKER; known .*"),
        ("TABENTO_PREDICTIONS_FILE", "", r"TABENTO_PREDICTIONS_FILE: a file should be named, .*"),
    ],
)
def test_a_wrong_value_ends_the_process_with_one_sentence_that_names_the_setting(
    monkeypatch, name, value, says
):
    monkeypatch.setenv(name, value)
    settings.cache_clear()

    with pytest.raises(SystemExit, match=f"^tabento: {says}$"):
        settings()


def test_a_setting_can_not_be_changed_once_it_is_read():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().workers = 2


def test_the_tag_of_a_model_is_named_by_the_operator_else_by_the_bento_else_the_latest(monkeypatch):
    assert tag_of("sentiment") == "sentiment:latest"
    assert tag_of("sentiment", "sentiment:built") == "sentiment:built"

    monkeypatch.setenv("TABENTO_SENTIMENT_TAG", "sentiment:old")
    assert tag_of("sentiment", "sentiment:built") == "sentiment:old"
