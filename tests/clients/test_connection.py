import socket

import pytest

from clients.connection import Connection, NoAnswerError, address


@pytest.fixture
def connection(stub):
    made = Connection(address(stub.url), timeout=5)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("https://example.org/models/", "https://example.org/models/"),
    ],
)
def test_an_address_may_lack_its_scheme(text, expected):
    assert address(text).geturl() == expected


@pytest.mark.parametrize("text", ["", "ftp://example.org", "http://"])
def test_what_is_no_http_address_is_refused(text):
    with pytest.raises(ValueError, match="address"):
        address(text)


def test_requests_share_one_connection(stub, connection):
    """What is measured is the service, not the setting up of connections."""
    for _ in range(3):
        connection.post("/sentiment/predict", b'{"rows": []}')

    assert connection.opened == len(stub.connections) == 1


def test_the_path_of_the_address_comes_first(stub):
    """A service may live below a proxy's path; `right_answer` would not know the model."""
    stub.answer = lambda path, _: (200, path.encode())
    connection = Connection(address(f"{stub.url}/tabento/"), timeout=5)
    _, content, _ = connection.post("/sentiment/predict", b'{"rows": []}')
    connection.close()

    assert content == b"/tabento/sentiment/predict"


def test_time_is_from_the_question_to_the_whole_answer(stub, connection):
    import time

    def slow(*_):
        time.sleep(0.05)
        return 200, b"late"

    stub.answer = slow
    _, _, milliseconds = connection.post("/", b'{"rows": []}')

    assert 50 <= milliseconds < 1_000


def test_a_broken_connection_is_no_answer_and_the_next_is_opened(stub, connection):
    def broken(*_):
        raise ConnectionError

    stub.handle_error = lambda *_: None
    right, stub.answer = stub.answer, broken
    with pytest.raises(NoAnswerError):
        connection.post("/sentiment/predict", b'{"rows": []}')
    stub.answer = right

    assert connection.post("/sentiment/predict", b'{"rows": []}')[0] == 200
    assert connection.opened == 2


def test_nothing_listening_is_no_answer():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        connection = Connection(address(f"127.0.0.1:{unused.getsockname()[1]}"), timeout=5)
        with pytest.raises(NoAnswerError, match="ConnectionRefusedError"):
            connection.open()
