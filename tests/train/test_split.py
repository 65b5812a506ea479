import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from train.split import by_year, random_split

LABELS = np.arange(1_000) % 10 == 0
YEARS = np.repeat(np.arange(2000, 2010), 10)


@pytest.mark.parametrize("stratify", [None, LABELS])
def test_every_row_is_in_exactly_one_part(stratify):
    split = random_split(1_000, 42, stratify=stratify)

    together = np.concatenate([split.train, split.validation, split.test])
    assert sorted(together.tolist()) == list(range(1_000))


def test_parts_have_the_sizes_asked_for():
    split = random_split(1_000, 42, (0.7, 0.1, 0.2))

    assert (len(split.train), len(split.validation), len(split.test)) == (700, 100, 200)


def test_stratified_parts_have_the_same_mix_of_labels():
    split = random_split(1_000, 42, stratify=LABELS)

    for part in (split.train, split.validation, split.test):
        assert LABELS[part].mean() == pytest.approx(0.1)


def test_a_part_for_validation_may_be_left_out():
    split = random_split(1_000, 42, (0.8, 0.0, 0.2))

    assert (len(split.train), len(split.validation), len(split.test)) == (800, 0, 200)


def test_without_validation_it_is_the_split_everybody_knows():
    """Published results on scikit-learn's own sets can be reproduced with it."""
    train, test = train_test_split(
        np.arange(1_000), test_size=0.2, random_state=42, stratify=LABELS
    )
    split = random_split(1_000, 42, (0.8, 0.0, 0.2), LABELS)

    assert split.train.tolist() == train.tolist()
    assert split.test.tolist() == test.tolist()


def test_the_same_seed_gives_the_same_split():
    assert random_split(100, 42).fingerprint == random_split(100, 42).fingerprint


def test_another_seed_gives_another_split():
    assert random_split(100, 42).fingerprint != random_split(100, 43).fingerprint


def test_the_fingerprint_tells_where_one_part_ends():
    years = np.array([2000, 2001, 2002, 2003])
    early = by_year(years, train_to=2000, validation=2001, test=(2002, 2003))
    late = by_year(years, train_to=2001, validation=2002, test=(2003, 2003))

    assert early.fingerprint != late.fingerprint


@pytest.mark.parametrize(
    "parts", [(0.7, 0.2, 0.2), (0.0, 0.5, 0.5), (1.0, 0.0, 0.0), (1.0, -0.2, 0.2)]
)
def test_parts_that_are_no_shares_are_refused(parts):
    with pytest.raises(ValueError, match="must be shares"):
        random_split(100, 42, parts)


def test_years_are_never_mixed():
    split = by_year(YEARS, train_to=2003, validation=2004, test=(2005, 2006))

    assert YEARS[split.train].max() == 2003
    assert set(YEARS[split.validation]) == {2004}
    assert set(YEARS[split.test]) == {2005, 2006}


@pytest.mark.parametrize(
    ("train_to", "validation", "test"),
    [(2004, 2004, (2005, 2006)), (2003, 2005, (2005, 2006)), (2003, 2004, (2006, 2005))],
)
def test_a_split_that_looks_into_its_future_is_refused(train_to, validation, test):
    with pytest.raises(ValueError, match="years must rise"):
        by_year(YEARS, train_to=train_to, validation=validation, test=test)


def test_a_part_without_rows_is_refused_by_name():
    with pytest.raises(ValueError, match="no row to test 2011 to 2012: the years are 2000 to 2009"):
        by_year(YEARS, train_to=2003, validation=2004, test=(2011, 2012))
