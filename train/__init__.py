"""What trains the models: data, recipes, and the gate before the store."""
