"""What a batch will cost is learned from those before it."""

from serving.batcher import INLINE_SECONDS
from serving.cost import Cost, Pace


def test_an_unknown_cost_is_taken_for_a_dear_one():
    assert Cost().seconds(1) > INLINE_SECONDS


def test_a_size_never_seen_is_expected_to_cost_in_proportion():
    cost = Cost()
    cost.learn(64, 0.001)

    assert cost.seconds(64) == 0.001
    assert cost.seconds(64 * 8) == 0.008


def test_only_large_batches_say_what_a_row_takes():
    pace = Pace(32)
    pace.learn(15, 10.0)
    unknown = pace.seconds(1_000)
    pace.learn(32, 0.32)

    assert (unknown, round(pace.seconds(100), 6)) == (0.0, 1.0)


def test_a_pace_follows_what_changes():
    pace = Pace(1)
    for seconds in (1.0, *[2.0] * 20):
        pace.learn(1, seconds)

    assert 1.9 < pace.seconds(1) < 2.0


def test_a_stall_is_forgotten_even_where_only_small_batches_follow():
    """Or whoever comes would be refused for ever, and no large batch would come about."""
    pace = Pace(32)
    pace.learn(32, 1_000.0)
    for _ in range(60):
        pace.learn(2, 0.2)

    assert pace.seconds(1) < 0.11
