"""The largest Arrow bodies are what a server with the built-in settings still takes."""

import pytest

from benchmarks.livez import MODELS, MOST_BYTES, MOST_ROWS, largest
from settings import Settings


def test_it_knows_the_built_in_settings():
    fields = Settings.model_fields

    assert fields["max_arrow_rows"].default == MOST_ROWS
    assert fields["max_body_bytes"].default == MOST_BYTES


@pytest.mark.parametrize("contract", MODELS, ids=lambda each: each.NAME)
def test_a_body_has_as_many_rows_as_go_into_one(contract):
    rows, body = largest(contract)

    assert rows == MOST_ROWS or len(body) > 0.9 * MOST_BYTES
    assert rows <= MOST_ROWS
    assert len(body) <= MOST_BYTES
