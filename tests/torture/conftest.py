"""How long the long ones last: `make torture MINUTES=10` sets it, `make test` takes seconds."""

import os

import pytest

MINUTES = float(os.environ.get("TORTURE_MINUTES", "0.2"))


def pytest_collection_modifyitems(items):
    for item in items:
        if "torture" in item.path.parts:
            item.add_marker(pytest.mark.torture)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(MINUTES * 60 + 300))


@pytest.fixture(scope="session")
def minutes():
    return MINUTES
