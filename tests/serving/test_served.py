"""A model that does not answer is told from one that is busy, and whoever waits for it is told."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import bentoml
import pytest

from models import sentiment
from serving import exchange
from serving.batcher import Batcher, Limits
from serving.errors import ApiError

SOON, NEVER = 0.01, 60


@pytest.fixture
def bundle(client):
    return bentoml.get_current_service().bundle


@contextmanager
def stuck(served):
    """The same model, but a batch of it ends when this does."""
    end = threading.Event()

    def predict(rows):
        end.wait()
        return served.artifact.runner.predict(rows)

    with ThreadPoolExecutor(1) as thread:
        yield replace(served, batcher=Batcher(predict, Limits(wait_seconds=SOON), thread))
        end.set()


async def faults(served, *longest):
    return [await served.fault(each) for each in longest]


def test_a_model_that_answers_a_golden_row_as_in_training_has_no_fault(client, bundle):
    assert client.portal.call(faults, bundle.served["sentiment"], NEVER) == [""]


def test_a_model_that_does_not_answer_is_found_out_and_one_that_is_busy_is_not(bundle):
    """The first question is the batch that does not end, the others wait behind it."""
    with stuck(bundle.served["sentiment"]) as served:
        said = asyncio.run(faults(served, SOON, SOON, NEVER))

    assert said == ["No answers from sentiment."] * 2 + [""]


def test_what_it_took_to_read_a_body_is_part_of_its_requests_time(client, bundle):
    here = replace(exchange.of({}), started=time.perf_counter() - bundle.timeout)

    async def ask():
        with pytest.raises(ApiError) as told:
            await bundle.predict("sentiment", sentiment.EXAMPLE, here)
        return told.value.status

    assert client.portal.call(ask) == 504
