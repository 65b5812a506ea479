"""Panels as the JSON that Grafana reads."""

from collections.abc import Sequence
from typing import Any

from deploy.grafana.panel import WIDTH, Panel, Query

# The form of dashboards that Grafana 12 writes.
SCHEMA = 41
SOURCE = {"type": "prometheus", "uid": "${source}"}
HEIGHT, LOW = 8, 4


def dashboard(name: str, title: str, panels: Sequence[Panel], *, window: bool) -> dict[str, Any]:
    """Put panels into rows from left to right, and questions that a viewer may choose above."""
    return {
        "uid": f"tabento-{name}",
        "title": title,
        "tags": ["tabento"],
        "schemaVersion": SCHEMA,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "links": [{"type": "dashboards", "title": "Tabento", "tags": ["tabento"],
                   "asDropdown": False, "includeVars": True, "keepTime": True}],
        "templating": {"list": [*_variables(), *([_window()] if window else [])]},
        "panels": _placed(panels),
    }  # fmt: skip


def _variables() -> list[dict[str, Any]]:
    source = {"name": "source", "label": "Data source", "type": "datasource", "query": "prometheus",
              "current": {"text": "Prometheus", "value": "prometheus"}}  # fmt: skip
    return [
        source,
        _values("job", "Job", "label_values(tabento_workers, job)"),
        _values("model", "Model", 'label_values(tabento_model_info{job="$job"}, model)')
        | {"multi": True, "includeAll": True, "current": {"text": ["All"], "value": ["$__all"]}},
    ]


def _values(name: str, label: str, query: str) -> dict[str, Any]:
    asked = {"query": query, "refId": name}
    return {"name": name, "label": label, "type": "query", "datasource": SOURCE, "query": asked,
            "definition": query, "refresh": 2, "sort": 1}  # fmt: skip


def _window() -> dict[str, Any]:
    options = [
        {"text": each, "value": each, "selected": each == "hour"} for each in ("hour", "day")
    ]
    return {"name": "window", "label": "Window", "type": "custom", "query": "hour,day",
            "options": options, "current": {"text": "hour", "value": "hour"}}  # fmt: skip


def _placed(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    placed, x, y, height = [], 0, 0, 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > WIDTH:
            x, y = 0, y + height
        height = _height(panel)
        place = {"x": x, "y": y, "w": panel.width, "h": height}
        placed.append(_panel(number, panel) | {"gridPos": place})
        x += panel.width
    return placed


def _height(panel: Panel) -> int:
    if panel.kind == "row":
        return 1
    return LOW if panel.width <= LOW else HEIGHT


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    if panel.kind == "row":
        return {"id": number, "type": "row", "title": panel.title, "collapsed": False, "panels": []}
    return {
        "id": number,
        "type": "timeseries" if panel.kind == "stacked" else panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": SOURCE,
        "targets": [_target(panel, place, query) for place, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
    }


def _field(panel: Panel) -> dict[str, Any]:
    field: dict[str, Any] = {"unit": panel.unit}
    if not panel.signed:
        field["min"] = 0
    if panel.top is not None:
        field["max"] = panel.top
    if panel.steps:
        steps = [{"color": colour, "value": value} for colour, value in panel.steps]
        field["thresholds"] = {"mode": "absolute", "steps": steps}
    if panel.kind == "stacked":
        field["custom"] = {"stacking": {"mode": "percent"}, "fillOpacity": 60, "lineWidth": 0}
    elif panel.kind == "state-timeline":
        field["color"] = {"mode": "thresholds"}
    elif panel.kind == "timeseries" and panel.steps:
        field["custom"] = {"thresholdsStyle": {"mode": "line"}}
    return field


def _target(panel: Panel, place: int, query: Query) -> dict[str, Any]:
    once = panel.kind in ("table", "stat")
    return {
        "refId": chr(ord("A") + place),
        "datasource": SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "instant": once,
        "range": not once,
        # `heatmap` makes single buckets of those that Prometheus adds up.
        "format": panel.kind if panel.kind in ("table", "heatmap") else "time_series",
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "heatmap":
        colours = {"mode": "scheme", "scheme": "Oranges", "steps": 64}
        return {"calculate": False, "color": colours, "yAxis": {"unit": panel.unit}, "cellGap": 1}
    if panel.kind == "state-timeline":
        return {"mergeValues": False, "showValue": "never", "rowHeight": 0.9}
    if panel.kind == "stat":
        return {"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"}
    if panel.kind == "table":
        return {"showHeader": True}
    return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}}
