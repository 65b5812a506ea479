from clients import contracts
from train import recipe


def test_every_model_is_found_and_nothing_else():
    """The names are those that training knows, read from the same folder."""
    assert contracts.names() == recipe.names()


def test_a_name_finds_its_contract():
    assert [contracts.find(name).NAME for name in contracts.names()] == contracts.names()
