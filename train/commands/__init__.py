"""Commands of `python -m train` beside training: one module each, with a `main`."""
