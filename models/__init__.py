"""The contracts: one module per model says what goes in, what comes out and how the two are made."""
