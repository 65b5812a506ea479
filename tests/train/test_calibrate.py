import numpy as np
import pytest

from train.calibrate import Asked, calibration


def asked(stretch, shift, n=4_000):
    """Outcomes drawn from what the log odds say once they are stretched and shifted."""
    rng = np.random.default_rng(11)
    odds = rng.normal(0, 1.2, n)
    truth = 1 / (1 + np.exp(-(stretch * odds + shift)))
    return Asked(1 / (1 + np.exp(-odds)), rng.random(n) < truth, np.ones(n))


def test_what_is_off_is_stretched_and_shifted_back():
    found = calibration(asked(0.5, -1.0), seed=1)

    assert found.applied
    assert (found.scale, found.shift) == pytest.approx((0.5, -1.0), abs=0.1)
    assert found.brier_after < found.brier_before - 0.01


def test_what_can_not_be_helped_is_left_alone():
    """Of the rows that are given a chance of 0.2 exactly a fifth is positive, and so on."""
    scores = np.repeat([0.2, 0.4, 0.6, 0.8], 100)
    positive = np.tile(np.arange(100), 4) < scores * 100
    found = calibration(Asked(scores, positive, np.ones(400)), seed=1)

    assert not found.applied
    assert (found.scale, found.shift) == (1.0, 0.0)
    assert found.brier_after >= found.brier_before


def test_an_order_that_is_upside_down_is_not_turned_round():
    """A model that ranks backwards is broken; calibration must not hide it."""
    assert not calibration(asked(-1.0, 0.0), seed=1).applied
