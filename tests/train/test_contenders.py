import numpy as np
import pytest

from train import contenders
from train.recipe import Order, find, names


@pytest.fixture(params=names())
def recipe(request):
    return find(request.param)


def test_every_candidate_of_every_model_answers_rows_it_has_not_learned(recipe):
    """As `compare` asks it: one object, for fold after fold."""
    part = recipe.read(Order())
    some = np.random.default_rng(1).permutation(len(part))
    learned, asked = part.take(some[:300]), part.take(some[300:330])
    for candidate in recipe.candidates(42).values():
        before = set(vars(candidate))
        first = contenders.answers(recipe.CONTRACT, candidate, learned, asked)
        again = contenders.answers(recipe.CONTRACT, candidate, learned, asked)

        # Not to the bit: a forest adds up its trees in the order in which they end.
        assert np.allclose(first, again)
        assert first.shape == (30,)
        assert set(vars(candidate)) == before, "the candidate itself stays unfitted"
