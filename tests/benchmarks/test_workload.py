from benchmarks.peer import MODELS
from benchmarks.workload import CROWDS, MAIN, WORKLOADS

NAMED = {each.name: each for each in WORKLOADS}


def test_no_two_workloads_share_a_name_or_a_title():
    assert len(NAMED) == len(WORKLOADS) == len({each.title for each in WORKLOADS})


def test_large_bodies_are_measured_a_few_and_many_at_once():
    loads = {(each.load, each.model) for each in WORKLOADS if each.mix == "rows512"}

    assert loads == {(4, model) for model in MODELS} | {(32, MAIN)}


def test_what_capacity_is_measured_by_is_part_of_every_run():
    assert all(NAMED[name].quick for name in CROWDS)
