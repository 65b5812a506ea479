"""The container image: how it is built, and what takes its space."""
