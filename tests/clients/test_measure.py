import json
import socket
import time

import pytest

from clients.measure import main

ARGUMENTS = ["--requests", "40", "--warmup", "3", "--json"]


@pytest.fixture
def measure(stub, capsys):
    """Run the command; give its exit code and its report."""

    def run(*more):
        code = main([stub.url, *ARGUMENTS, *more])
        return code, json.loads(capsys.readouterr().out)

    return run


def now_and_then(stub, other, every=4):
    """Have the stub give another answer each fourth time."""
    right = stub.answer

    def answer(path, rows):
        turn = right if len(stub.asked) % every else other
        return turn(path, rows)

    stub.answer = answer


def test_right_answers_are_timed(measure, contract):
    """In milliseconds, to the microsecond, in ascending order."""
    code, report = measure("--model", contract.NAME, "--rows", "5")
    times = list(report["latency_ms"].values())

    assert code == 0
    assert report["right"] == 40
    assert report["statuses"] == {"200": 40}
    assert times == sorted(times)
    assert times[0] > 0
    assert report["p95_over_median"] == pytest.approx(times[1] / times[0], abs=0.01)


def test_every_request_is_sent_once_over_one_connection(measure, stub):
    """Forty that are timed, three before."""
    _, report = measure("--rows", "7")

    assert [len(rows) for _, rows in stub.asked] == [7] * 43
    assert report["connections"] == len(stub.connections) == 1


def test_errors_are_never_fast_answers(measure, stub):
    """Right answers take 20 ms here and errors nothing: no percentile may be below 20."""
    right = stub.answer

    def slow(path, rows):
        time.sleep(0.02)
        return right(path, rows)

    stub.answer = slow
    now_and_then(stub, lambda *_: (500, b"{}"))
    code, report = measure()

    assert code == 1
    assert report["statuses"]["500"] > 0
    assert report["right"] + report["statuses"]["500"] == 40
    assert report["latency_ms"]["median"] >= 20


@pytest.mark.parametrize("fault", ["too few", "out of bounds", "another model"])
def test_a_wrong_answer_of_status_200_is_a_fault(measure, stub, fault):
    right = stub.answer

    def wrong(path, rows):
        answer = json.loads(right(path, rows)[1])
        if fault == "too few":
            answer["predictions"].pop()
        elif fault == "out of bounds":
            answer["predictions"][0]["malignant_probability"] = 1.3
        else:
            answer["model"] = "another"
        return 200, json.dumps(answer).encode()

    now_and_then(stub, wrong)
    code, report = measure("--rows", "3")

    assert code == 1
    assert report["statuses"] == {"200": 40}
    assert report["right"] + sum(report["faults"].values()) == 40


def test_without_a_right_answer_there_is_no_time(measure, stub):
    stub.answer = lambda *_: (503, b"{}")
    code, report = measure()

    assert code == 1
    assert set(report["latency_ms"].values()) == {None}


def test_a_dead_service_is_not_asked_for_ever(measure, stub):
    """Five silences in a row are enough."""

    def dead(*_):
        raise ConnectionError

    stub.handle_error = lambda *_: None
    stub.answer = dead
    code, report = measure()

    assert code == 1
    assert report["statuses"] == {"none": 5}


def test_the_table_says_the_same_to_people(stub, capsys):
    now_and_then(stub, lambda *_: (500, b"{}"))
    main([stub.url, "--requests", "10", "--warmup", "0"])
    text = capsys.readouterr().out

    assert "right answers  8 of 10" in text
    assert "2 x status 500 instead of 200" in text
    assert "p95 / median" in text


def test_nothing_listening_is_said_in_one_sentence(capsys):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        code = main([f"127.0.0.1:{unused.getsockname()[1]}"])

    assert code == 2
    assert capsys.readouterr().err.startswith("Nothing listens at http://127.0.0.1:")


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--rows", given] for given in ("0", "513")),
        *(["--requests", given] for given in ("0", "-1")),
        *(["--warmup", given] for given in ("-1", "x")),
        *(["--timeout", given] for given in ("0", "-1", "nan", "inf", "1e12")),
        *([given] for given in ("ftp://a", "a:99999", "a:b", "a:0")),
    ],
)
def test_what_cannot_be_meant_ends_at_once(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)

    assert "invalid" in capsys.readouterr().err
