from benchmarks import plan
from benchmarks.peer import PEERS, TABENTO
from benchmarks.workload import WORKLOADS

MOSEC = next(each for each in PEERS if each.name == "mosec")
LENT = next(each for each in PEERS if each.few)


def _workers(peer, number):
    return [workers for workers, _ in plan.sessions(peer, number, WORKLOADS)]


def test_one_start_serves_all_workloads_of_as_many_workers():
    measured = [each for _, chosen in plan.sessions(MOSEC, 1, WORKLOADS) for each in chosen]

    assert _workers(MOSEC, 1) == [1, 2]
    assert measured == list(WORKLOADS)


def test_only_tabento_is_started_with_two_workers_in_every_round():
    assert [_workers(MOSEC, number) for number in (2, 3)] == [[1], [1]]
    assert [_workers(TABENTO, number) for number in (2, 3)] == [[1, 2], [1, 2]]


def test_a_peer_of_few_workloads_is_measured_under_those_alone():
    asked = [each for _, chosen in plan.sessions(LENT, 1, WORKLOADS) for each in chosen]

    assert asked == [each for each in WORKLOADS if each.few]
    assert len(asked) < len(WORKLOADS)


def test_the_estimate_grows_with_peers_rounds_and_length():
    one = plan.seconds((MOSEC,), WORKLOADS, 1, 2)

    assert plan.seconds((MOSEC, TABENTO), WORKLOADS, 1, 2) > one
    assert plan.seconds((MOSEC,), WORKLOADS, 3, 2) > 2 * one
    assert plan.seconds((MOSEC,), WORKLOADS, 1, 4) > one


def test_a_full_run_is_planned_to_end_within_the_hour_it_promises():
    assert plan.seconds(PEERS, WORKLOADS, 3, 2) <= 3_600


def test_a_quick_run_is_planned_to_end_within_five_minutes():
    peers = [each for each in PEERS if each.quick]
    workloads = [each for each in WORKLOADS if each.quick]

    assert plan.seconds(peers, workloads, 1, 1) <= 300
