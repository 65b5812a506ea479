"""Loan default: CatBoost on what is known when the loan is approved, categories as they are."""

from collections.abc import Mapping

import numpy as np

from models import loan_default
from models._contract import Policy
from monitoring.kinds import kinds
from serving.manifest import Data
from serving.runner import Runner
from train import loan_model, sba, synthetic_loans
from train.contenders import LOGISTIC, answers, tabular
from train.costs import Costs
from train.gate import Gate
from train.leaks import transposed
from train.loan_about import ABOUT, SYNTHETIC
from train.loan_leaks import GUARD
from train.loan_model import Fitted
from train.loan_studies import OUT_OF_TIME, out_of_time, taken
from train.loans import NATIONAL_LOANS, Loans, class_weights, weights
from train.part import Floats, Part, whole
from train.progress import Progress
from train.recipe import Checked, Order, Outcome
from train.split import Split, random_split
from train.study import DUMMY, MODEL, Study
from train.study import LOGISTIC as LOGISTIC_BASELINE
from train.validate import validate

CONTRACT = loan_default
OPTIONS = frozenset(
    {"data", "seed", "class_weights", "cost_false_negative", "cost_false_positive", "budget"}
)

# Without the leaking columns a random split gives 0.74 to 0.81; what is far above has found a leak.
GATE = Gate(
    floors={"test_roc_auc": 0.72, "test_brier_skill": 0.08},
    ceilings={"test_roc_auc": 0.90, "test_calibration_error": 0.04},
    leads={DUMMY: 0.15, LOGISTIC_BASELINE: 0.0},
    group_floor=0.55,
)
SYNTHETIC_GATE = Gate(
    floors={"test_roc_auc": 0.70, "test_brier_skill": 0.05},
    ceilings={"test_roc_auc": 0.90, "test_calibration_error": 0.04},
    leads={DUMMY: 0.15, LOGISTIC_BASELINE: 0.0},
    group_floor=0.55,
)
SERVED = "CatBoost"
GROUPS = ("business_age", "area", "revolving_credit", "low_doc", "is_franchise")

COSTS = Costs(false_negative=5.0, false_positive=1.0)
"""Policy, not a measurement: a charged-off loan is taken to lose five times what a paid one earns.

A loan is declined from the probability on at which lending loses money: p x 5 = (1 - p) x 1.
"""

RARE = 0.001
"""Values beyond this quantile, or its mirror image, are outside the training range."""

NUMERIC = [
    number
    for number, name in enumerate(loan_default.FEATURES)
    if name not in loan_default.CATEGORICAL
]
CATEGORICAL = [
    number for number, name in enumerate(loan_default.FEATURES) if name in loan_default.CATEGORICAL
]
SPLIT = "random 70/10/20"


def train(order: Order, progress: Progress, /) -> Outcome:
    """Split 70/10/20 by outcome, fit until the validation part is ranked no better.

    Real loans are also split by year, each split with a model of its own, which is not saved.

    Raises:
        SourceError: the file cannot be trained on, or a column knows the outcome.
    """
    progress("reading", 0)
    loans = _loans(order)
    everything = _everything(loans, order)
    report = validate(everything, loans.dropped, loans.source)
    split = random_split(len(everything), order.seed, stratify=everything.positive)
    parts = taken(everything, split)
    alone = _no_leak(parts["train"], order.seed)
    fit = _fit(parts, order, progress, shares=1 if loans.synthetic else 1 + len(OUT_OF_TIME))
    studies, skipped = ((), ()) if loans.synthetic else _studies(everything, order, progress)
    costs = order.costs(COSTS)
    policy = Policy(threshold=costs.threshold, training_range=training_range(parts["train"]))
    return Outcome(
        runner=Runner(loan_default, fit.estimator, policy),
        score="default_probability",
        parts={name: parts[name] for name in ("train", "test")},
        data=_data(loans, parts, split, order),
        gate=SYNTHETIC_GATE if loans.synthetic else GATE,
        about=SYNTHETIC if loans.synthetic else ABOUT,
        baselines={LOGISTIC_BASELINE: _logistic(parts, order.seed)},
        studies=studies,
        alone=alone,
        groups=GROUPS,
        learned=(parts["train"], parts["validation"]),
        costs=costs,
        calibration=fit.calibration,
        tuning=fit.tuning,
        report=report,
        notes=(*_notes(loans, order), *skipped),
    )


def candidates(seed: int, /) -> Mapping[str, object]:
    """The usual classifiers, and CatBoost as it is served but for its early stop."""
    settings = {**loan_model.SETTINGS, "cat_features": CATEGORICAL}
    return {
        **tabular(NUMERIC, CATEGORICAL, seed),
        SERVED: loan_model.unstopped(settings, seed),
    }


def read(order: Order, /) -> Part:
    """The loans of the file, else made-up ones."""
    return _everything(_loans(order), order)


def checked(order: Order, /) -> Checked:
    """As `train` looks at them, but all rows at once."""
    loans = _loans(order)
    everything = _everything(loans, order)
    validate(everything, loans.dropped, loans.source)
    _no_leak(everything, order.seed)
    return Checked(everything, loans.fingerprint)


def _loans(order: Order) -> Loans:
    return sba.read(order.data) if order.data else synthetic_loans.generate(seed=order.seed)


def _everything(loans: Loans, order: Order) -> Part:
    by_row = weights(loans.charged_off, order.class_weights)
    return whole(loans.rows, loans.charged_off, by_row, loans.fiscal_year)


def _no_leak(part: Part, seed: int) -> dict[str, float]:
    columns = transposed(loan_default.FEATURES, loan_default.features(part.rows))
    return GUARD.check(columns, part, seed)


def _fit(parts: Mapping[str, Part], order: Order, progress: Progress, shares: int) -> Fitted:
    budget = order.budget / shares if order.budget else None
    return loan_model.fit(parts, order.seed, budget, progress)


def _logistic(parts: Mapping[str, Part], seed: int) -> Floats:
    contender = tabular(NUMERIC, CATEGORICAL, seed)[LOGISTIC]
    return answers(loan_default, contender, parts["train"], parts["test"])


def _studies(
    everything: Part, order: Order, progress: Progress
) -> tuple[tuple[Study, ...], tuple[str, ...]]:
    """Each looks for leaks and settings in its own training rows: later ones are not known yet."""

    def answer(parts: Mapping[str, Part], split: Split, name: str) -> Study:
        _no_leak(parts["train"], order.seed)

        def staged(stage: str, done: float) -> None:
            progress(f"{stage}, {name}", done)

        fit = _fit(parts, order, staged, shares=1 + len(OUT_OF_TIME))
        asked = parts["test"]
        model = fit.estimator.predict_proba(loan_default.features(asked.rows))[:, 1]
        constant = np.full(len(asked), parts["train"].base_rate)
        return Study(
            split=name,
            fingerprint=split.fingerprint,
            rows={part: len(rows) for part, rows in parts.items()},
            held_out=asked,
            answers={
                MODEL: model,
                DUMMY: constant,
                LOGISTIC_BASELINE: _logistic(parts, order.seed),
            },
        )

    return out_of_time(everything, answer)


def training_range(part: Part) -> dict[str, tuple[float, float]]:
    """Where all but two in a thousand of the loans lie, for each field that is a number."""
    return {
        name: _range(part, name)
        for name, kind in kinds(part.rows[0].__class__).items()
        if kind.kind == "number"
    }


def _range(part: Part, field: str) -> tuple[float, float]:
    values = np.array([getattr(row, field) for row in part.rows], dtype=float)
    low, high = np.quantile(
        values, (RARE, 1 - RARE), weights=part.weights, method="inverted_cdf"
    ).tolist()
    return low, high


def _data(loans: Loans, parts: Mapping[str, Part], split: Split, order: Order) -> Data:
    by_class = order.class_weights
    weighted = (
        f", one paid loan for {by_class[0]:g}, one charged off for {by_class[1]:g}"
        if by_class
        else ""
    )
    return Data(
        source=loans.source + weighted,
        synthetic=loans.synthetic,
        fingerprint=loans.fingerprint,
        rows={name: len(part) for name, part in parts.items()},
        dropped=loans.dropped,
        seed=order.seed,
        read=len(loans.rows) + sum(loans.dropped.values()),
        split=split.fingerprint,
        split_by=SPLIT,
    )


def _notes(loans: Loans, order: Order) -> tuple[str, ...]:
    """A class-balanced sample is told by twice the nation's share of charged-off loans."""
    share, national = loans.charged_off.mean(), NATIONAL_LOANS[1] / sum(NATIONAL_LOANS)
    if order.class_weights or loans.synthetic or share < 2 * national:
        return ()
    paid, lost = class_weights(loans.charged_off)
    return (
        f"{share:.1%} of these loans are charged off, {national:.1%} of the nation's: if the file "
        f"is class-balanced, add --class-weights {paid:.3f},{lost:.3f}",
    )
