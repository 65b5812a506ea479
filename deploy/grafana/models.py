"""The dashboard of the models: rows and scores against training, and whether they are right."""

from deploy.grafana.panel import DRIFT_STEPS, MODEL, Panel, Query, ask, heat, row

WINDOW = f'{MODEL},window="$window"'
MODELS = (
    row("What is served"),
    ask("Models", f"tabento_model_info{{{MODEL}}} == 1", kind="table", width=16),
    ask("Rows in the window", f'tabento:rows{{{WINDOW},feature="__score__"}}', "{{model}}",
        kind="stat", meaning="Below 500 there is no verdict."),
    row("Drift"),
    ask("Fields against training", f'tabento:psi{{{WINDOW},feature!="__score__"}}',
        "{{model}} {{feature}}", kind="state-timeline", width=16, steps=DRIFT_STEPS,
        meaning="PSI. Above 0.1 moderate, above 0.2 major, where it is above its noise floor."),
    ask("Furthest off", f"topk(10, tabento:psi{{{WINDOW}}})", "{{model}} {{feature}}",
        kind="table", meaning="PSI, the score as __score__."),
    Panel("Believed drift", (
        Query(f"tabento:drift{{{MODEL}}}", "{{model}} {{feature}} ({{window}})"),
        Query(f'tabento:noise_floor{{{WINDOW},feature="__score__"}}', "{{model}} noise floor"),
    ), meaning="Only what chance does not explain; and what it does explain, for the score.",
        steps=DRIFT_STEPS),
    ask("Jensen-Shannon distance", f"tabento:jensen_shannon{{{WINDOW}}}", "{{model}} {{feature}}",
        top=1.0),
    ask("Unseen categories", "sum by (model, feature) (increase(model_feature_unseen_total"
        f"{{{MODEL}}}[1h])) / sum by (model, feature) (tabento:rows{{{MODEL},window=\"hour\"}})",
        "{{model}} {{feature}}", unit="percentunit",
        steps=(("green", None), ("red", 0.01))),
    row("Scores"),
    Panel("Mean score", (
        Query(f"tabento:score_mean{{{WINDOW}}}", "{{model}}"),
        Query(f'tabento:score_reference{{{MODEL},statistic="mean"}}', "{{model}} in training"),
    ), "percentunit", top=1.0),
    Panel("Standard errors from training", (
        Query(f"tabento:score_sigmas{{{WINDOW}}}", "{{model}}"),
        Query(f'model_drift_limit{{{MODEL},test="mean"}}', "{{model}} limit"),
    ), signed=True),
    Panel("Deviation of scores", (
        Query(f"sqrt(tabento:score_variance{{{WINDOW}}})", "{{model}}"),
        Query(f'tabento:score_reference{{{MODEL},statistic="deviation"}}', "{{model}} in training"),
    ), meaning="Near zero: the same answer to everything."),
    ask("Where scores fall", "sum by (bin) (increase(model_score_bin_total"
        f"{{{MODEL}}}[$__rate_interval]))", "{{bin}}", kind="stacked", width=16,
        meaning="Tenths of the held-out rows. Choose one model."),
    heat("Rows in a batch", "batch_rows", "Batches by their rows: they grow with load.", "short"),
    row("Ground truth"),
    Panel("Accuracy", (
        Query(f"tabento_accuracy{{{MODEL}}}", "{{model}}"),
        Query(f"tabento_accuracy_floor{{{MODEL}}}", "{{model}} floor"),
    ), "percentunit"),
    Panel("Brier score", (
        Query(f"tabento_brier{{{MODEL}}}", "{{model}}"),
        Query(f"tabento_brier_ceiling{{{MODEL}}}", "{{model}} ceiling"),
    )),
    Panel("ROC-AUC", (
        Query(f"tabento_roc_auc{{{MODEL}}}", "{{model}}"),
        Query(f"tabento_roc_auc_floor{{{MODEL}}}", "{{model}} floor"),
    )),
    ask("Outcomes judged", f"tabento_judged_rows{{{MODEL}}}", "{{model}}", width=12),
    ask("Outcomes told", "sum by (model, result) (increase(tabento_feedback_total"
        f"{{{MODEL}}}[$__rate_interval]))", "{{model}} {{result}}", width=12),
)  # fmt: skip
