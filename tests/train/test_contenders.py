import numpy as np
import pytest

from train import contenders
from train.recipe import Order, find, names


@pytest.fixture(params=names())
def recipe(request):
    return find(request.param)


def test_what_comes_with_the_project_is_checked_as_training_does_and_has_no_leak(recipe):
    checked = recipe.checked(Order())

    assert len(checked.part) == len(recipe.read(Order()))
    assert checked.fingerprint == recipe.checked(Order()).fingerprint


def test_each_recipe_names_one_of_its_candidates_as_served(recipe):
    assert recipe.SERVED in recipe.candidates(42)


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
