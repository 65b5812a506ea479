import pytest

from serving.account import Account

MODELS = ("breast_cancer", "loan_default", "sentiment")


@pytest.mark.parametrize("model", MODELS)
def test_every_model_shows_its_card_as_a_page_that_asks_nobody_else(client, model):
    answer = client.get(f"/models/{model}/card")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert f"<h1>{model}</h1>" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text.replace("http://www.w3.org", "")


def test_the_card_is_markdown_for_who_asks_for_it(client):
    answer = client.get("/models/sentiment/card", headers={"Accept": "text/markdown, */*;q=0.1"})

    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.text.startswith("# sentiment\n")


def test_a_model_that_is_not_there_has_no_card(client):
    answer = client.get("/models/nothing/card")

    assert answer.status_code == 404
    assert "there are" in answer.json()["error"]


def test_the_card_is_in_the_document(client):
    get = client.get("/docs.json").json()["paths"]["/models/{model}/card"]["get"]

    assert set(get["responses"]["200"]["content"]) == {"text/html", "text/markdown"}


def test_cards_are_counted_under_one_route_whatever_the_model():
    account = object.__new__(Account)
    account._endpoints = dict.fromkeys(["/sentiment/predict"])  # type: ignore[assignment] # no matter

    assert account._label("/models/sentiment/card") == "/models/{model}/card"
    assert account._label("/models/sentiment/drift") == "/models/{model}/drift"
    assert account._label("/models/sentiment") == "/models/{model}"
    assert account._label("/models/nothing/card") == "other"
