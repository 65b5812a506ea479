"""The page says what there is, and all of it."""

import re
from pathlib import Path

from monitoring.metrics import Metrics
from settings import PREFIX, Settings

PAGE = (Path(__file__).parent.parent.parent / "docs" / "monitoring.md").read_text()

# Of the log, and named alike.
EVENTS = {"model_loaded", "model_not_replaced", "model_replaced"}


def test_every_metric_is_explained_and_no_other():
    said = re.findall(r"# TYPE (\S+) \w+", Metrics(["a"]).exposition().decode())
    told = {name for name in said if not name.endswith("_created")}
    explained = set(re.findall(r"`((?:tabento|model)_[a-z_]+)`", PAGE)) - EVENTS

    assert explained == told


def test_every_setting_of_the_log_is_explained():
    names = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields if name.startswith("log_")}

    assert names <= set(re.findall(r"`(TABENTO_\w+)`", PAGE))
