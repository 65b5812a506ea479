"""One workload against one running server."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks import closed_loop, crowd, open_loop
from benchmarks.closed_loop import Closed
from benchmarks.crowd import Crowd
from benchmarks.judge import Judge, WrongAnswerError
from benchmarks.order import Order, Seen
from benchmarks.questions import Questions
from benchmarks.results import Measurement
from benchmarks.server import Server
from benchmarks.workload import CROWDS, WORKLOADS, Workload

# A percentile says something from ten values beyond it on.
BEYOND = 10
WARM_SECONDS = 1
BURST_CONNECTIONS = 256
# So long that opening the connections counts for little.
OVERLOAD_TIMES = 3
# Of a crowd, as many connections are watched one by one.
WATCHED = 0.25
# What watches them takes about so long to start. In a queue nobody should come first or last.
WATCHER_SECONDS = 0.15
PAUSE_SECONDS = 1.0
VERIFY_SECONDS = 30.0
SETTLE_SECONDS = 10.0
IDLE_SECONDS = 0.5
OK = 200


@dataclass
class Session:
    """A server in one round.

    Args:
        server: Already started.
        round: Which.
        seconds: How long each measurement takes.
        judge: Says what is right.
        rates: Requests a second, by workload, as measured in this session.
    """

    server: Server
    round: int
    seconds: int
    judge: Judge
    rates: dict[str, float] = field(default_factory=dict)

    def measure(self, workload: Workload) -> Measurement:
        """Measure once; before the next time let it settle."""
        shapes = {
            "closed": self.closed,
            "open": self.open,
            "overload": self.overload,
            "burst": self.burst,
        }
        found = shapes[workload.shape](workload)
        self.rates[workload.name] = found.rate
        return found

    def closed(self, workload: Workload) -> Measurement:
        if workload.load > 1:
            # A lone connection needs none: many were asked at once when answers were compared.
            self.wrk(workload, int(workload.load), WARM_SECONDS)
            self.settle(workload)
        before = self.server.cpu_seconds()
        seen = self.wrk(workload, int(workload.load), self.seconds)
        used = self.server.cpu_seconds() - before
        return self.from_closed(workload, seen, used)

    def from_closed(
        self, workload: Workload, seen: Closed, used: float, **extra: float
    ) -> Measurement:
        good = max(seen.requests - seen.errors, 0)
        return Measurement(
            round=self.round,
            peer=self.server.peer.name,
            workload=workload.name,
            requests=seen.requests,
            rate=good / seen.seconds,
            rows_rate=good / seen.seconds * self.questions(workload).rows,
            p50=seen.p50,
            p99=seen.p99 if seen.requests >= BEYOND * 100 else None,
            p999=seen.p999 if seen.requests >= BEYOND * 1_000 else None,
            cpu_us=used / good * 1e6 if good and used else None,
            rss_mb=self.server.rss_bytes() / 2**20,
            errors=seen.errors,
            extra=extra,
        )

    def overload(self, workload: Workload) -> Measurement:
        """A crowd that asks again at once, refused or answered."""
        capacity = self.capacity()
        seconds = self.seconds * OVERLOAD_TIMES
        watched = int(workload.load * WATCHED)
        before = self.server.cpu_seconds()
        with ThreadPoolExecutor(1) as pool:
            watching = pool.submit(
                self.arrivals, workload, rate=0.0, seconds=float(seconds), crowd=watched
            )
            time.sleep(WATCHER_SECONDS)
            rest = self.wrk(workload, int(workload.load) - watched, seconds)
            seen = watching.result()
        used = self.server.cpu_seconds() - before
        self.refuse_wrong(workload, seen)
        return self.from_crowd(workload, crowd.together(rest, seen), used, capacity)

    def from_crowd(
        self, workload: Workload, seen: Crowd, used: float, capacity: float
    ) -> Measurement:
        return Measurement(
            round=self.round,
            peer=self.server.peer.name,
            workload=workload.name,
            requests=seen.requests,
            rate=seen.in_time + seen.late,
            rows_rate=(seen.in_time + seen.late) * self.questions(workload).rows,
            p50=seen.p50 if seen.watched else None,
            p99=seen.p99 if seen.watched >= BEYOND * 100 else None,
            p999=seen.p999 if seen.watched >= BEYOND * 1_000 else None,
            cpu_us=used / seen.answered * 1e6 if seen.answered and used else None,
            rss_mb=self.server.rss_bytes() / 2**20,
            errors=seen.requests - seen.answered,
            extra={
                "capacity": capacity,
                "goodput": seen.in_time / capacity if capacity else 0.0,
                "in_time": seen.in_time,
                "late": seen.late,
                "refused": seen.refused,
                "failed": seen.failed,
            },
        )

    def open(self, workload: Workload) -> Measurement:
        rate = workload.load * self.capacity()
        before = self.server.cpu_seconds()
        seen = self.arrivals(
            workload,
            rate=rate,
            seconds=float(self.seconds),
        )
        used = self.server.cpu_seconds() - before
        self.refuse_wrong(workload, seen)
        return self.from_open(workload, seen, used, rate)

    def from_open(
        self, workload: Workload, seen: Seen, used: float, meant_rate: float
    ) -> Measurement:
        rate = seen.good / self.seconds
        return Measurement(
            round=self.round,
            peer=self.server.peer.name,
            workload=workload.name,
            requests=seen.meant,
            rate=rate,
            rows_rate=rate * self.questions(workload).rows,
            p50=seen.p50,
            p99=seen.p99 if seen.meant >= BEYOND * 100 else None,
            p999=seen.p999 if seen.meant >= BEYOND * 1_000 else None,
            cpu_us=used / seen.good * 1e6 if seen.good else None,
            rss_mb=self.server.rss_bytes() / 2**20,
            errors=seen.meant - seen.good,
            extra={
                "meant_rate": meant_rate,
                "sent_rate": seen.sent / self.seconds,
                "generator_late_p99": seen.late_p99,
            },
        )

    def burst(self, workload: Workload) -> Measurement:
        """A lone connection, then a crowd, then a lone connection at once."""
        lone = self.wrk(workload, 1, WARM_SECONDS)
        self.wrk(workload, BURST_CONNECTIONS, self.seconds)
        before = self.server.cpu_seconds()
        after = self.wrk(workload, 1, self.seconds)
        used = self.server.cpu_seconds() - before
        return self.from_closed(workload, after, used, before_p50=lone.p50)

    def capacity(self) -> float:
        """Requests a second that it answers when a crowd asks as fast as it can."""
        for workload in WORKLOADS:
            if workload.name in CROWDS and workload.name not in self.rates:
                self.rates[workload.name] = self.closed(workload).rate
        return max(self.rates[name] for name in CROWDS)

    def questions(self, workload: Workload) -> Questions:
        return Questions(workload.model, workload.mix)

    def wrk(self, workload: Workload, connections: int, seconds: int) -> Closed:
        return closed_loop.run(
            self.server.url(workload.model),
            self.questions(workload).bodies(self.server.peer),
            connections=connections,
            seconds=seconds,
            cores=self.server.pinning.generator,
        )

    def arrivals(self, workload: Workload, **how: float) -> Seen:
        order = Order(
            port=self.server.port,
            path=self.server.peer.path.format(model=workload.model),
            bodies=str(self.questions(workload).bodies(self.server.peer)),
            seed=self.round,
            **how,  # type: ignore[arg-type] # each as its name says
        )
        return open_loop.run(order, self.server.pinning.generator)

    def verify(self, workload: Workload) -> None:
        """Ask many at once and compare every answer.

        Repeated until all are answered: a second worker may start later than the first.

        Raises:
            WrongAnswerError: one is not what the estimator answers in process.
        """
        many = min(64, 2 * self.questions(workload).count)
        end = time.perf_counter() + VERIFY_SECONDS
        while True:
            seen = self.arrivals(workload, rate=0.0, seconds=0.0, burst=many, keep=many)
            self.refuse_wrong(workload, seen)
            if seen.good == many:
                return
            if time.perf_counter() > end:
                where = f"{self.server.peer.name}, {workload.name}"
                msg = f"{where}: {seen.good} of {many} answered, with statuses {seen.statuses}"
                raise WrongAnswerError(msg)
            time.sleep(PAUSE_SECONDS)

    def refuse_wrong(self, workload: Workload, seen: Seen) -> None:
        asked, peer = self.questions(workload), self.server.peer
        wrong = sum(not self.judge.right(peer, asked, *answer) for answer in seen.answers)
        if wrong:
            msg = f"{peer.name}, {workload.name}: {wrong} of {len(seen.answers)} answers are wrong"
            raise WrongAnswerError(msg)

    def settle(self, workload: Workload) -> None:
        """Wait until a lone question is answered at once, twice.

        What wrk leaves unanswered when its time is up would otherwise be served at the cost of the
        next measurement, and the slower the server, the more.
        """
        body = self.questions(workload).first(self.server.peer)
        end = time.perf_counter() + SETTLE_SECONDS
        quick = 0
        while quick < 2 and time.perf_counter() < end:  # noqa: PLR2004 - as the docstring says
            started = time.perf_counter()
            try:
                status, _ = self.server.ask(workload.model, body)
            except OSError:
                status = 0
            at_once = status == OK and time.perf_counter() - started < IDLE_SECONDS
            quick = quick + 1 if at_once else 0
