"""How far training is, told to whoever shows it."""

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Told what is being done and how much of that is done, from 0 to 1."""
