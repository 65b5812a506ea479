import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from train.ranking import Ranking


@pytest.fixture
def drawn():
    """Weighted scores with many ties, some outcomes of either kind at each."""
    rng = np.random.default_rng(3)
    scores = rng.integers(1, 30, 400) / 31
    return rng.random(400) < scores, scores, rng.integers(0, 4, 400).astype(float)


@pytest.mark.parametrize(
    ("metric", "oracle"),
    [
        ("roc_auc", roc_auc_score),
        ("average_precision", average_precision_score),
        ("brier", brier_score_loss),
        ("log_loss", log_loss),
    ],
)
def test_every_metric_is_the_one_that_scikit_learn_gives_for_the_same_weights(
    drawn, metric, oracle
):
    positive, scores, weights = drawn
    found = getattr(Ranking(positive, scores), metric)(weights)

    assert found == pytest.approx(oracle(positive, scores, sample_weight=weights))


def test_the_calibration_error_is_the_distance_of_score_and_outcome():
    positive = np.arange(1_000) % 4 == 0
    scores = np.where(np.arange(1_000) < 500, 0.25, 0.35)

    assert Ranking(positive, scores).calibration_error(np.ones(1_000)) == pytest.approx(0.05)


def test_rows_of_equal_score_share_a_calibration_bin():
    scores = np.repeat([0.1, 0.5, 0.9], 100)
    bins = Ranking(np.zeros(300, dtype=bool), scores).bins

    assert all(len(set(bins[scores == score])) == 1 for score in (0.1, 0.5, 0.9))
