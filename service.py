"""The Bento: one class, one route per model."""

import asyncio
import os
from typing import cast

import bentoml
import structlog
from bentoml.images import Image

from models import breast_cancer, loan_default, sentiment
from models._contract import AnyContract, Predictions, Rows
from monitoring import logs
from monitoring.kept import Caps
from monitoring.metrics import Metrics
from serving import (
    accept,
    artifact,
    cors,
    exchange,
    info,
    protocol,
    store,
    supervisor,
    untracked,
)
from serving.account import Account
from serving.admission import Admission
from serving.asgi import App
from serving.batcher import Limits
from serving.bundle import Bundle, load_in_background
from serving.door import Door
from serving.drain import drain_on_sigterm
from serving.endpoint import BodyLimits, Endpoint
from serving.errors import not_ready
from serving.front import Front, Hoist
from serving.keeping import Keeping
from serving.keys import Keyring
from serving.renewal import Renewal, renew_on_sighup
from serving.room import Room
from serving.wire import most_arrow_rows
from settings import settings, tag_of

log = structlog.get_logger()

CONTRACTS: tuple[AnyContract, ...] = (loan_default, breast_cancer, sentiment)

# More threads than one make a small batch slower, and they are counted when numpy is imported.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# glibc's own limit grows with the first large body; what such bodies leave is then not given back.
MEMORY = {"MALLOC_MMAP_THRESHOLD_": 2**17, "MALLOC_TRIM_THRESHOLD_": 2**24}


def _keyring() -> Keyring | None:
    file = settings().api_keys_file
    return Keyring(file, settings().workers) if file else None


# No distribution named: no compilers and no git in the image. And what the lock names is installed,
# no more: a package's own wishes are settled in requirements/image.exclude.
IMAGE = Image(base_image=os.environ.get("BASE_IMAGE", "python:3.11-slim"), distro="").run(
    "mkdir -p /etc/uv && printf '[pip]\\nno-deps = true\\n' > /etc/uv/uv.toml"
)


@bentoml.service(
    name="tabento",
    image=IMAGE,
    workers=settings().workers,
    traffic={"timeout": settings().timeout_s},
    # What these layers give is done by our front, once and for every route.
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
    envs=[
        {"name": "BENTOML_DO_NOT_TRACK", "value": "True"},
        *({"name": name, "value": "1"} for name in THREADS),
        *({"name": name, "value": str(size)} for name, size in MEMORY.items()),
    ],
)
@bentoml.asgi_app(info.app(), path="/")
class ModelBundle:
    """Answers for every model in `models/`."""

    loan_default_ref = store.reference(tag_of(loan_default.NAME))
    breast_cancer_ref = store.reference(tag_of(breast_cancer.NAME))
    sentiment_ref = store.reference(tag_of(sentiment.NAME))

    def __init__(self) -> None:
        self.writer = logs.configure(settings().log_level)
        metrics = Metrics([contract.NAME for contract in CONTRACTS])
        self.bundle = Bundle(
            {contract: store.find(contract.NAME, SERVICE.bento) for contract in CONTRACTS},
            limits=Limits(
                settings().max_batch_rows, settings().max_queue_rows, settings().max_wait_ms / 1e3
            ),
            timeout=settings().timeout_s,
            allow_version_mismatch=settings().allow_version_mismatch,
            metrics=metrics,
            public_key=settings().model_public_key,
            keeping=Keeping(
                settings().predictions_file,
                Caps(settings().predictions_max_bytes, settings().predictions_max_days),
                metrics,
            ),
        )
        self.door = Door(lambda: bool(self.bundle.served), lambda: self.bundle.draining)
        self.arrow_rows = (
            most_arrow_rows(settings().max_arrow_rows) if settings().front == "on" else 0
        )
        self.renewal = Renewal(self.bundle, CONTRACTS, lambda name: store.find(name, SERVICE.bento))
        self.admission = Admission(
            _keyring(),
            settings().protect == "all",
            settings().max_in_flight,
            to_the_end=settings().drain == "answer",
        )

    @bentoml.api(route="/loan_default/predict")
    async def predict_loan_default(
        self, request: Rows[loan_default.LoanApplication], /
    ) -> Predictions[loan_default.LoanDecision]:
        """Estimate the probability that each loan is charged off."""
        return await self.bundle.answer(loan_default, request.rows)

    @bentoml.api(route="/breast_cancer/predict")
    async def predict_breast_cancer(
        self, request: Rows[breast_cancer.Biopsy], /
    ) -> Predictions[breast_cancer.Diagnosis]:
        """Estimate the probability that each biopsy is malignant. Not medical advice."""
        return await self.bundle.answer(breast_cancer, request.rows)

    @bentoml.api(route="/sentiment/predict")
    async def predict_sentiment(
        self, request: Rows[sentiment.Review], /
    ) -> Predictions[sentiment.Opinion]:
        """Estimate the probability that each review is positive."""
        return await self.bundle.answer(sentiment, request.rows)

    @bentoml.on_deployment
    @staticmethod
    def check_store() -> None:
        """Before any worker starts: refuse what can be seen to be wrong without loading it."""
        logs.configure(settings().log_level, at_once=True)
        supervisor.enlist()
        _keyring()
        store.check_tags(contract.NAME for contract in CONTRACTS)
        found: dict[str, str] = {}
        for contract in CONTRACTS:
            stored = store.find(contract.NAME, SERVICE.bento)
            artifact.check(
                contract,
                stored,
                allow_version_mismatch=settings().allow_version_mismatch,
                public_key=settings().model_public_key,
            )
            found[str(stored.tag)] = str(stored.info.metadata["manifest_sha256"])
        log.info("starting", pid=os.getpid(), workers=settings().workers, models=found)

    @bentoml.on_startup
    async def start(self) -> None:
        """Load in the background: health and readiness can be asked meanwhile.

        The worker listens when this returns.
        """
        load_in_background(self.bundle, supervisor.refuse)
        drain_on_sigterm(self.bundle, settings().drain_s)
        renew_on_sighup(self.renewal)
        # Nobody could tell this worker, before, of what came while it was started.
        self.renewing = asyncio.create_task(self.renewal.all())
        self.ticking = asyncio.create_task(self.tick())
        if settings().reload_s:
            self.following = asyncio.create_task(self.follow(settings().reload_s))
        await self.door.enter()

    async def follow(self, seconds: float) -> None:
        """Look for newer models in the store, again and again."""
        while True:
            await asyncio.sleep(seconds)
            await self.renewal.all()

    async def tick(self) -> None:
        """Once a second: bring the counts to where all workers see them, and look for new keys."""
        while True:
            await asyncio.sleep(1)
            supervisor.end_as_orphan()
            self.bundle.metrics.dropped(self.writer.take_dropped())
            self.bundle.flush()
            await self.bundle.recheck()
            if self.admission.keyring:
                self.admission.keyring.reload()

    @bentoml.on_shutdown
    def stopped(self) -> None:
        """Write what waits; say that this worker ends, and what it served."""
        self.bundle.stop()
        self.bundle.keeping.stop()
        log.info("stopped", pid=os.getpid(), models=self.bundle.hashes)
        self.writer.end()

    async def __is_ready__(self) -> bool:
        """Answer `/readyz`; an exception here would make BentoML hang."""
        reason = await self.bundle.unready()
        if reason:
            exchange.leave(not_ready(reason))
        return not reason

    def front(self, inner: App) -> App:
        """Put the front before BentoML's own layers."""
        direct = settings().front == "on"
        most = settings().max_body_bytes
        limits = BodyLimits(most, self.arrow_rows, Room(most))
        each = [Endpoint(contract, self.bundle, limits, direct=direct) for contract in CONTRACTS]
        endpoints = {endpoint.path: endpoint for endpoint in each}
        account = Account(
            endpoints,
            self.bundle.metrics,
            self.writer.put,
            log_rejected=settings().log_rejected_bodies,
            sample=settings().log_sample,
        )
        protocol.report_to(account.tell_of_no_request)
        front = Front(inner, self.bundle, endpoints, self.admission, account)
        return cors.allow(front, settings().cors_origins, account.tell)


# What the decorator returns is no class any more, but its types say that it is.
SERVICE = cast("bentoml.Service[ModelBundle]", ModelBundle)
SERVICE.add_asgi_middleware(Hoist, make=lambda inner: bentoml.get_current_service().front(inner))

# Before the worker listens; afterwards it would be too late.
accept.several_at_once()
protocol.speak()
untracked.by_default()
