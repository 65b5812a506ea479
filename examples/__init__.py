"""Whole stories that run, each a package of its own."""
