"""Tabento against its peers: the same fitted models, the same rows, the same machine."""
