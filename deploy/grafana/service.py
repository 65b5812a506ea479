"""The dashboard of the service: is it up, what does it answer, how fast."""

from deploy.grafana.panel import (
    GOOD_IS_NONE,
    JOB,
    MODEL,
    PATH,
    Panel,
    Query,
    ask,
    heat,
    quantile,
    row,
)

SERVICE = (
    row("Now"),
    ask("Instances that answer", f"sum(up{{{JOB}}})", kind="stat", width=4),
    ask("Workers", f"sum(tabento_workers{{{JOB}}})", kind="stat", width=4),
    ask("Workers lost", f"sum(increase(tabento:lost_workers{{{JOB}}}[$__range]))", kind="stat",
        width=4, steps=GOOD_IS_NONE),
    ask("Requests", f"sum(rate(tabento_requests_total{{{PATH}}}[$__rate_interval]))", kind="stat",
        width=4, unit="reqps"),
    ask("Errors", f"max(tabento:errors:ratio_rate5m{{{PATH}}})", kind="stat", width=4,
        unit="percentunit", steps=(("green", None), ("red", 0.01))),
    ask("Alerts", f'count(ALERTS{{{JOB},alertstate="firing"}}) or vector(0)', kind="stat", width=4,
        steps=GOOD_IS_NONE),
    row("Requests"),
    ask("Answers by status", "sum by (status) (rate(tabento_requests_total"
        f"{{{PATH}}}[$__rate_interval]))", "{{status}}", unit="reqps"),
    ask("Refused, by code", "sum by (code) (rate(tabento_rejections_total"
        f"{{{PATH}}}[$__rate_interval])) > 0 or sum by (code) (rate(tabento_rejections_total"
        f'{{{PATH},code="overloaded"}}[$__rate_interval]))', "{{code}}", unit="reqps"),
    ask("Rows predicted", f"sum by (model) (rate(tabento_rows_total{{{MODEL}}}[$__rate_interval]))",
        "{{model}}", unit="cps"),
    row("Time"),
    Panel("Duration of requests",
          tuple(quantile("request_duration_seconds", part) for part in (0.5, 0.99)), "s"),
    Panel("Wait in the queue",
          tuple(quantile("queue_wait_seconds", part) for part in (0.5, 0.99)), "s"),
    Panel("One run of the model",
          tuple(quantile("batch_duration_seconds", part) for part in (0.5, 0.99)), "s"),
    Panel("Slower than 0.1 s", (
        Query(f"tabento:slow:ratio_rate5m{{{MODEL}}}", "{{model}} 5 minutes"),
        Query(f"tabento:slow:ratio_rate1h{{{MODEL}}}", "{{model}} 1 hour"),
    ), "percentunit", meaning="The objective is 1 %. TabentoLatencyBurn rings at 14.4 %.",
        steps=(("green", None), ("yellow", 0.01), ("red", 0.144))),
    heat("Durations", "request_duration_seconds", "Requests by how long they took.", "s"),
    ask("In flight", f"sum by (model) (tabento_requests_in_flight{{{MODEL}}})", "{{model}}"),
    row("Process"),
    ask("Up since", f"time() - min by (instance) (tabento_process_start_time_seconds{{{JOB}}})",
        "{{instance}}", unit="s"),
    ask("Last golden answer", "time() - min by (instance, model) "
        f"(tabento_golden_check_timestamp_seconds{{{MODEL}}})", "{{instance}} {{model}}", unit="s",
        meaning="Above 120 s something is wrong: TabentoNotReady.",
        steps=(("green", None), ("red", 120.0))),
    Panel("Lost", (
        Query(f"sum(increase(tabento_dropped_log_records_total{{{JOB}}}[$__rate_interval]))",
              "log lines"),
        Query(f"sum(increase(tabento_lost_predictions_total{{{JOB}}}[$__rate_interval]))",
              "predictions"),
        Query(f"sum(increase(model_drift_missed_rows_total{{{JOB}}}[$__rate_interval]))",
              "rows not watched"),
    )),
)  # fmt: skip
