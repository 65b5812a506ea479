"""What a loan model gains from columns that know the outcome. It is shown and never saved."""

import io
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from catboost import CatBoostClassifier, Pool
from rich.box import SIMPLE_HEAD
from rich.table import Table

from models import loan_default
from train import sba, synthetic_loans
from train.columns import numbers
from train.leaks import LIMIT, alone, transposed
from train.loan_leaks import BANNED
from train.loan_model import FIXED, THREADS
from train.loan_studies import OUT_OF_TIME, taken
from train.loans import Loans, weights
from train.part import Floats, Part, whole
from train.ranking import Ranking
from train.recipe import Order
from train.source import SourceError, load
from train.split import Split, by_year, random_split

TEMPTING = ("Term", "ChgOffPrinGr", "DisbursementGross")
YEAR = 12

Columns = Mapping[str, Sequence[float]]


def demonstrate(order: Order) -> Iterator[Table]:
    """The single-feature table, then the scores with and without the tempting columns.

    Raises:
        SourceError: the file has none of them.
    """
    loans = sba.read(order.data) if order.data else synthetic_loans.generate(seed=order.seed)
    tempting = _read(order, loans) if order.data else _made_up(loans, order.seed)
    by_row = weights(loans.charged_off, order.class_weights)
    part = whole(loans.rows, loans.charged_off, by_row, loans.fiscal_year)
    honest = transposed(loan_default.FEATURES, loan_default.features(part.rows))
    yield _single({**honest, **tempting}, part, order.seed)
    yield _scores(part, honest, tempting, order.seed)


def _read(order: Order, loans: Loans) -> Columns:
    assert order.data is not None  # noqa: S101 - says to the type checker what the caller checked
    raw = pd.read_csv(
        io.BytesIO(load(order.data).data),
        dtype=str,
        keep_default_na=False,
        usecols=lambda name: name.strip() in TEMPTING,
        encoding="utf-8-sig",
        encoding_errors="replace",
    )
    raw.columns = raw.columns.str.strip()
    if raw.columns.empty:
        msg = f"{order.data.name} has none of the columns {', '.join(TEMPTING)}"
        raise SourceError(msg)
    kept = raw.iloc[loans.lines]
    return {name: numbers(kept[name]).fillna(0).tolist() for name in TEMPTING if name in kept}


def _made_up(loans: Loans, seed: int) -> Columns:
    """A term as the SBA's file has it: whole years if paid, the months until the end if not.

    Whole years are 86 % of the terms of paid loans and 11 % of the others, as in the file.
    """
    rng = np.random.default_rng(seed)
    lost = loans.charged_off
    years = rng.choice([5, 7, 10, 15, 20, 25], len(lost), p=[0.15, 0.45, 0.15, 0.05, 0.1, 0.1])
    cut = rng.integers(8, 75, len(lost))
    whole_years = rng.random(len(lost)) < np.where(lost, 0.11, 0.86)
    return {"Term": np.where(whole_years, years * YEAR, cut).tolist()}


def _single(columns: Mapping[str, Sequence[object]], part: Part, seed: int) -> Table:
    table = Table(title="ROC-AUC of each column alone, out of fold", box=SIMPLE_HEAD)
    for heading in ("column", "ROC-AUC", "", "why it may not be learned"):
        table.add_column(heading)
    for name, value in alone(columns, part, seed).items():
        mark = "leak" if value >= LIMIT else ""
        table.add_row(name, f"{value:.3f}", mark, BANNED.get(name, ""))
    return table


def _scores(
    part: Part, honest: Mapping[str, Sequence[object]], tempting: Columns, seed: int
) -> Table:
    table = Table(title="Held-out ROC-AUC: honest, then with one column more", box=SIMPLE_HEAD)
    for heading in ("split", "honest", *(f"+ {name}" for name in tempting)):
        table.add_column(heading)
    for name, split in _splits(part, seed):
        values = [_fitted(part, honest, split, seed)]
        values += [
            _fitted(part, {**honest, extra: column}, split, seed)
            for extra, column in tempting.items()
        ]
        table.add_row(name, *(f"{value:.3f}" for value in values))
    table.caption, table.caption_justify = "Nothing was saved.", "left"
    return table


def _splits(part: Part, seed: int) -> Iterator[tuple[str, Split]]:
    yield "random 70/10/20", random_split(len(part), seed, stratify=part.positive)
    for years in OUT_OF_TIME:
        try:
            split = by_year(
                np.asarray(part.years),
                train_to=years.train_to,
                validation=years.validation,
                test=years.test,
            )
        except ValueError:
            continue
        yield years.name, split


def _fitted(part: Part, columns: Mapping[str, Sequence[object]], split: Split, seed: int) -> float:
    cells = list(zip(*columns.values(), strict=True))
    categories = [at for at, name in enumerate(columns) if name in loan_default.CATEGORICAL]
    model = CatBoostClassifier(
        iterations=FIXED,
        learning_rate=0.08,
        random_seed=seed,
        thread_count=THREADS,
        allow_writing_files=False,
        verbose=False,
    )
    pools = {
        name: Pool(
            [cells[row] for row in rows.tolist()],
            part.positive[rows].astype(int),
            weight=part.weights[rows] / part.weights[rows].mean(),
            cat_features=categories,
        )
        for name, rows in (("train", split.train), ("test", split.test))
    }
    model.fit(pools["train"])
    asked = taken(part, split)["test"]
    scores: Floats = model.predict_proba(pools["test"])[:, 1]
    return Ranking(asked.positive, scores).roc_auc(asked.weights)
