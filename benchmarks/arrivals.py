"""The open loop: requests arrive when they arrive, whatever the server does.

Each is measured from the moment it was meant to leave, so that no slow answer hides those behind it
(no coordinated omission). A request that finds no idle connection opens one; beyond `connections`
the client goes away unheard. A client waits `deadline` seconds, then hangs up. A crowd is no open
loop: whoever of it was answered, refused or lost asks again at once.

Raw sockets and one thread: it must be cheaper than what it measures. `python -m
benchmarks.arrivals` reads an `Order` from its input and writes a `Seen`, both as JSON.
"""

import gc
import json
import random
import selectors
import socket
import sys
import time
from array import array
from collections import Counter, deque
from dataclasses import asdict
from pathlib import Path

import httptools

from benchmarks.order import Order, Seen
from clients.percentile import percentile

# Below this the generator looks without sleeping, because a sleep takes a millisecond at least.
SPIN_SECONDS = 0.0015
READ_BYTES = 1 << 18
BOTH = selectors.EVENT_READ | selectors.EVENT_WRITE


class Connection:
    """One socket with at most one request under way."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.connect_ex(load.address)
        self.parser = httptools.HttpResponseParser(self)
        self.unsent: bytes | memoryview = b""
        self.number = -1
        self.intended = 0.0
        self.body: list[bytes] = []
        self.watching = selectors.EVENT_READ
        load.selector.register(self.socket, selectors.EVENT_READ, self)

    def ask(self, number: int, intended: float, request: bytes) -> None:
        self.number, self.intended, self.unsent = number, intended, request
        self.body.clear()
        self.write()

    def write(self) -> None:
        """Send what the socket takes; a connection still being made takes nothing yet."""
        try:
            sent = self.socket.send(self.unsent)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self.load.lost(self)
            return
        self.unsent = memoryview(self.unsent)[sent:] if sent < len(self.unsent) else b""
        self.watch(BOTH if self.unsent else selectors.EVENT_READ)

    def watch(self, events: int) -> None:
        if events != self.watching:
            self.watching = events
            self.load.selector.modify(self.socket, events, self)

    def ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self.write()
        if events & selectors.EVENT_READ and self.socket.fileno() >= 0:
            self.read()

    def read(self) -> None:
        try:
            data = self.socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self.load.lost(self)
            return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.load.lost(self)

    def on_body(self, data: bytes) -> None:
        self.body.append(data)

    def on_message_complete(self) -> None:
        self.load.answered(self, self.parser.get_status_code(), self.parser.should_keep_alive())

    def close(self) -> bool:
        """Close; false if it was closed already."""
        if self.socket.fileno() < 0:
            return False
        self.load.selector.unregister(self.socket)
        self.socket.close()
        return True


class Load:
    """Carries out an order."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.address = ("127.0.0.1", order.port)
        self.selector = selectors.DefaultSelector()
        self.requests = [
            _request(order.path, body) for body in Path(order.bodies).read_bytes().splitlines()
        ]
        self.idle: list[Connection] = []
        self.open = 0
        # All wait equally long, so that they are overdue in the order in which they were meant.
        self.waiting: deque[tuple[float, Connection, int]] = deque()
        self.busy: dict[int, Connection] = {}
        self.milliseconds = array("d")
        self.late = array("d")
        self.statuses: Counter[int] = Counter()
        self.seen = Seen()

    def run(self) -> Seen:
        # An arrival process, no secret.
        exponential, rate = random.Random(self.order.seed).expovariate, self.order.rate  # noqa: S311
        started = now = time.perf_counter()
        for _ in range(self.order.burst):
            self.arrive(now)
        end = started + self.order.seconds
        due = started + exponential(rate) if rate else end
        while now < end if self.order.crowd else due < end or self.busy:
            now = time.perf_counter()
            while due <= now and due < end:
                self.arrive(due)
                due += exponential(rate)
            self.hang_up(now)
            self.ask_again(now)
            pause = min(due, now + 0.05) - now if due < end else 0.01
            self.turn(max(pause - SPIN_SECONDS, 0))
        self.close()
        return self.told(time.perf_counter() - started)

    def ask_again(self, now: float) -> None:
        """Whoever of a crowd is lost at once waits for the next turn."""
        for _ in range(self.order.crowd - len(self.busy)):
            self.arrive(now)

    def turn(self, pause: float) -> None:
        for key, events in self.selector.select(pause):
            key.data.ready(events)

    def opened(self) -> Connection:
        self.open += 1
        return Connection(self)

    def arrive(self, intended: float) -> None:
        number = self.seen.meant
        self.seen.meant += 1
        if not self.idle and self.open >= self.order.connections:
            self.seen.unheard += 1
            return
        self.send(number, intended, self.idle.pop() if self.idle else self.opened())
        self.seen.sent += 1
        self.late.append(time.perf_counter() - intended)

    def send(self, number: int, intended: float, connection: Connection) -> None:
        self.busy[number] = connection
        self.waiting.append((intended + self.order.deadline, connection, number))
        connection.ask(number, intended, self.requests[number % len(self.requests)])

    def answered(self, connection: Connection, status: int, keep_alive: bool) -> None:
        number = connection.number
        connection.number = -1
        if self.busy.pop(number, None) is None:
            self.drop(connection)
            return
        taken = time.perf_counter() - connection.intended
        self.statuses[status] += 1
        if status == 200 and taken <= self.order.deadline:  # noqa: PLR2004 - the status OK
            self.milliseconds.append(taken * 1e3)
            if len(self.seen.answers) < self.order.keep and number % self.stride == 0:
                self.seen.answers.append((number, b"".join(connection.body).decode()))
        if keep_alive:
            self.idle.append(connection)
        else:
            self.drop(connection)

    @property
    def stride(self) -> int:
        """Answers to keep come from the whole run."""
        meant = self.order.burst + self.order.rate * self.order.seconds
        return max(int(meant / max(self.order.keep, 1)), 1)

    def lost(self, connection: Connection) -> None:
        """The server closed: nobody's loss when idle, a broken request otherwise."""
        number = connection.number
        connection.number = -1
        if connection in self.idle:
            self.idle.remove(connection)
        if self.busy.pop(number, None) is not None:
            self.seen.broken += 1
        self.drop(connection)

    def hang_up(self, now: float) -> None:
        while self.waiting and (self.waiting[0][0] <= now or not self.pending(self.waiting[0])):
            _, connection, number = self.waiting.popleft()
            if self.busy.pop(number, None) is not None:
                self.seen.hung_up += 1
                self.drop(connection)

    def pending(self, wait: tuple[float, Connection, int]) -> bool:
        return wait[2] in self.busy

    def drop(self, connection: Connection) -> None:
        if connection.close():
            self.open -= 1

    def close(self) -> None:
        for connection in (*self.idle, *self.busy.values()):
            self.drop(connection)
        self.selector.close()

    def told(self, seconds: float) -> Seen:
        seen = self.seen
        seen.good = len(self.milliseconds)
        seen.seconds = seconds
        seen.statuses = dict(self.statuses)
        counted = Counter[float](self.milliseconds)
        if not self.order.crowd:
            counted[self.order.deadline * 1e3] += seen.meant - seen.good
        seen.overdue = sum(taken > self.order.patience * 1e3 for taken in self.milliseconds)
        seen.p50, seen.p99, seen.p999, seen.worst = (
            percentile(counted, share) or 0.0 for share in (0.5, 0.99, 0.999, 1.0)
        )
        seen.late_p99 = (percentile(Counter(self.late), 0.99) or 0.0) * 1e3
        return seen


def _request(path: str, body: bytes) -> bytes:
    return (
        b"POST %b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%b" % (path.encode(), len(body), body)
    )


if __name__ == "__main__":
    gc.disable()
    json.dump(asdict(Load(Order(**json.load(sys.stdin))).run()), sys.stdout)
