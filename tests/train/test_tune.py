import itertools

from train.tune import Search, search

CHOICES = {"a": (1, 2, 3), "b": (10, 20)}
FIRST = {"a": 2, "b": 10}


def tried(minutes, brier=lambda _: 0.5):
    asked = []

    def remember(settings):
        asked.append(settings)
        return brier(settings)

    return search(Search(FIRST, CHOICES, minutes, 42), remember, lambda *_: None), asked


def test_the_recipes_own_settings_come_first_and_stay_unless_others_are_better():
    tuning, asked = tried(1)

    assert asked[0] == tuning.chosen == FIRST


def test_with_time_enough_every_combination_is_tried_once_and_the_best_is_chosen():
    tuning, asked = tried(1, lambda settings: abs(settings["a"] - 3) + abs(settings["b"] - 20))
    everything = [
        dict(zip("ab", pair, strict=True)) for pair in itertools.product((1, 2, 3), (10, 20))
    ]

    assert sorted(map(str, asked)) == sorted(map(str, everything))
    assert tuning.chosen == {"a": 3, "b": 20}
    assert (tuning.tried, tuning.best_brier, tuning.first_brier) == (6, 0, 11)


def test_without_time_the_recipes_own_settings_are_all_that_is_tried():
    tuning, asked = tried(1e-9)

    assert asked == [FIRST]
    assert tuning.tried == 1


def test_the_order_of_what_is_tried_depends_on_the_seed_alone():
    assert tried(1)[1] == tried(1)[1]
