"""The page for people: targets and ratios first, then every number, then where Tabento loses."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from benchmarks import losses, targets, versions
from benchmarks.chart import Bar, chart
from benchmarks.method import AGAIN, HEAD, METHOD
from benchmarks.peer import PEERS, TABENTO, Peer
from benchmarks.results import Results
from benchmarks.summary import Summary
from benchmarks.table import number, table, times
from benchmarks.workload import MAIN, STANDARD, WORKLOADS, Workload

# Fewer rounds say nothing of how much a number varies.
ENOUGH = 3


def page(results: Results) -> str:
    summary = Summary(results)
    return "\n".join(
        [
            HEAD,
            *_warning(results),
            "## Targets\n",
            f"One worker, 32 connections, single rows, `{MAIN}`, unless a line says otherwise.\n",
            _targets(summary),
            "## Requests a second: Tabento's, times the peer's\n",
            _ratios(summary),
            "![Requests a second at 32 connections](benchmarks.svg)\n",
            *_closed(summary),
            "## Open loop\n",
            _open(summary),
            "## Overload\n",
            _overload(summary),
            "## A lone request after a burst\n",
            _burst(summary),
            "## Start and memory\n",
            _starts(summary),
            "## Without any server\n",
            _in_process(results),
            "## Where Tabento loses\n",
            *_losses(summary),
            "## How it was measured\n",
            METHOD,
            *_facts(results),
            AGAIN,
        ]
    )


def picture(results: Results) -> str:
    summary = Summary(results)
    bars = [
        Bar(peer.title, rate, "ours" if peer is TABENTO else "limit" if peer.limit else "peer")
        for peer in PEERS
        if (rate := summary.value(peer.name, STANDARD, "rate")) is not None
    ]
    return chart(f"Requests a second: {MAIN}, single rows, 32 connections", bars)


def _warning(results: Results) -> Iterator[str]:
    if results.facts["quick"]:
        yield "**A quick run: one round, short measurements, not every workload.**\n"
    elif (rounds := len({each.round for each in results.measurements})) < ENOUGH:
        many = "one round" if rounds == 1 else f"{rounds} rounds"
        yield f"**A run of {many}: how much its numbers vary is not known.**\n"


def _targets(summary: Summary) -> str:
    words = {True: "reached", False: "**missed**", None: "not measured"}
    return table(
        ["target", "wanted", "found", ""],
        [
            [
                each.text,
                f"{each.sign} {number(each.wanted)}",
                number(each.found),
                words[each.reached],
            ]
            for each in targets.of(summary)
        ],
    )


def _ratios(summary: Summary) -> str:
    rivals = [peer for peer in _measured(summary) if peer is not TABENTO]
    workloads = [each for each in WORKLOADS if each.shape == "closed"]
    return table(
        ["workload", *(peer.title for peer in rivals)],
        [
            [each.title, *(times(summary.ratio(peer.name, each.name)) for peer in rivals)]
            for each in workloads
            if _was_measured(summary, each)
        ],
    )


def _closed(summary: Summary) -> Iterator[str]:
    head = [
        "",
        "requests/s",
        "rows/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "CPU µs",
        "memory MB",
        "errors",
    ]
    metrics = ("rate", "rows_rate", "p50", "p99", "p999", "cpu_us", "rss_mb", "errors")
    for workload in WORKLOADS:
        if workload.shape == "closed" and _was_measured(summary, workload):
            yield f"## {workload.title}\n"
            yield _by_peer(summary, workload, head, metrics)


def _open(summary: Summary) -> str:
    head = [
        "",
        "load",
        "meant/s",
        "answered/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "CPU µs",
        "memory MB",
        "errors",
        "generator late, p99 ms",
    ]
    latencies = ("p50", "p99", "p999")
    metrics = ("meant_rate", "rate", *latencies, "cpu_us", "rss_mb", "errors", "generator_late_p99")
    return _by_load(summary, "open", head, metrics)


def _overload(summary: Summary) -> str:
    head = [
        "",
        "connections",
        "capacity/s",
        "goodput",
        "in time/s",
        "late/s",
        "refused/s",
        "failed/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "CPU µs",
        "memory MB",
    ]
    rates = ("capacity", "goodput", "in_time", "late", "refused", "failed")
    metrics = (*rates, "p50", "p99", "p999", "cpu_us", "rss_mb")
    return _by_load(summary, "overload", head, metrics)


def _burst(summary: Summary) -> str:
    workload = next(each for each in WORKLOADS if each.shape == "burst")
    return _by_peer(
        summary, workload, ["", "p50 before, ms", "p50 after, ms"], ("before_p50", "p50")
    )


def _starts(summary: Summary) -> str:
    return table(
        ["", "start to first right answer, s", "memory then, MB"],
        [
            [
                peer.title,
                *(number(summary.start(peer.name, each)) for each in ("seconds", "rss_mb")),
            ]
            for peer in _measured(summary)
        ],
    )


def _in_process(results: Results) -> str:
    sizes = {"single": "1", "rows32": "32", "rows512": "512"}
    return table(
        ["µs a call", "rows", "estimator", "as Tabento calls it", "read, predict, write"],
        [
            [model, sizes[mix], *(number(took[key]) for key in ("estimator", "shortcut", "whole"))]
            for model, mixes in results.in_process.items()
            for mix, took in mixes.items()
            if mix in sizes
        ],
    )


def _losses(summary: Summary) -> Iterator[str]:
    found = losses.of(summary)
    missed = [each.text for each in targets.of(summary) if each.reached is False]
    if missed:
        yield f"Targets missed: {'; '.join(missed)}.\n"
    if not found:
        yield "Nowhere in what was measured.\n"
        return
    yield "Every number in which a peer is better by more than 3 %, the worst first.\n"
    yield table(
        ["where", "what", "peer", "Tabento", "peer's", "factor"],
        [
            [
                *(each.where, losses.WORDS[each.metric], each.peer.title),
                *(number(each.ours), number(each.theirs), times(each.factor)),
            ]
            for each in found
        ],
        texts=3,
    )


def _facts(results: Results) -> Iterator[str]:
    facts = results.facts
    machine, pinning = facts["machine"], facts["pinning"]
    models = (f"`{each['tag']}` ({_estimator(each)})" for each in facts["models"])
    yield f"- Machine: {machine['cpu']}, {machine['cores']} cores, {machine['system']}."
    yield f"- One worker: {pinning['1']}. Two workers: {pinning['2']}."
    yield f"- Models: {', '.join(models)}."
    yield f"- Command: `{facts['command']}`, {_took(facts)}.\n"
    yield table(
        ["peer", "version", "how it runs"],
        [
            [peer.title, f"{peer.library} {facts['versions'][peer.name]}", peer.about]
            for peer in PEERS
            if peer.name in facts["versions"]
        ],
        texts=3,
    )
    if "libraries" in facts:
        yield "What runs in each environment, asked of the environment itself.\n"
        yield versions.compared(facts["libraries"])
    for name, reason in results.failures.items():
        yield f"Not measured to the end: {name}: {reason}\n"


def _took(facts: dict[str, Any]) -> str:
    started, ended = (datetime.fromisoformat(facts[each]) for each in ("started", "ended"))
    minutes = (ended - started).total_seconds() / 60
    return f"{facts['started']} to {facts['ended']}: {minutes:.0f} minutes"


def _estimator(model: dict[str, object]) -> str:
    trees = f", {model['trees']} trees" if model["trees"] else ""
    return f"{model['estimator']}{trees}"


def _by_peer(
    summary: Summary, workload: Workload, head: Sequence[str], metrics: Sequence[str]
) -> str:
    """One line a peer, the one with the most requests a second first."""
    peers = sorted(
        (peer for peer in _measured(summary) if summary.rounds(peer.name, workload.name)),
        key=lambda peer: -(summary.value(peer.name, workload.name, "rate") or 0),
    )
    return table(head, [_line(summary, peer, workload, metrics) for peer in peers])


def _by_load(summary: Summary, shape: str, head: Sequence[str], metrics: Sequence[str]) -> str:
    lines = []
    for workload in WORKLOADS:
        for peer in _measured(summary) if workload.shape == shape else []:
            if summary.rounds(peer.name, workload.name):
                name, *values = _line(summary, peer, workload, metrics)
                lines.append([name, _load(workload), *values])
    return table(head, lines)


def _load(workload: Workload) -> str:
    return f"{workload.load:,}" if workload.shape == "overload" else times(workload.load)


def _line(summary: Summary, peer: Peer, workload: Workload, metrics: Sequence[str]) -> list[str]:
    values = (summary.value(peer.name, workload.name, metric) for metric in metrics)
    return [peer.title, *map(number, values)]


def _measured(summary: Summary) -> list[Peer]:
    names = {each.peer for each in summary.results.measurements}
    return [peer for peer in PEERS if peer.name in names]


def _was_measured(summary: Summary, workload: Workload) -> bool:
    return bool(summary.rounds(TABENTO.name, workload.name))
