"""The contracts: one module per model says what goes in and what comes out."""
