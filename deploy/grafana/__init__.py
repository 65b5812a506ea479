"""Grafana's dashboards: what their panels ask, and the files that it reads."""
