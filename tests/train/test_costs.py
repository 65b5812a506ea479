import numpy as np
import pytest

from train.costs import Costs
from train.recipe import Order


def test_at_the_threshold_both_decisions_cost_the_same():
    costs = Costs(false_negative=5, false_positive=2)

    assert costs.threshold * 5 == pytest.approx((1 - costs.threshold) * 2)


def test_no_other_threshold_is_cheaper_where_probabilities_are_right():
    costs, chances = Costs(false_negative=5, false_positive=1), np.linspace(0, 1, 1_001)

    def cost(threshold):
        taken = chances >= threshold
        return np.where(taken, (1 - chances) * 1, chances * 5).sum()

    assert all(cost(costs.threshold) <= cost(other) for other in np.linspace(0, 1, 101))


def test_what_the_user_leaves_open_is_the_recipes():
    own = Costs(false_negative=5, false_positive=1)

    assert Order(cost_false_positive=2).costs(own) == Costs(false_negative=5, false_positive=2)
    assert Order().costs(own) == own
