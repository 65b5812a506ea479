"""The contracts in `models/`, found by name."""

import importlib
import pkgutil
from typing import cast

import models
from models._contract import AnyContract


def names() -> list[str]:
    """Every model: the modules in `models/`, in the order of the alphabet."""
    found = [module.name for module in pkgutil.iter_modules(models.__path__)]
    return sorted(name for name in found if not name.startswith("_"))


def find(name: str) -> AnyContract:
    """Import one contract; the module itself is the contract."""
    return cast("AnyContract", importlib.import_module(f"models.{name}"))
