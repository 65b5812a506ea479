"""What the page says of itself: how it came about and how to make it anew."""

HEAD = """\
# Benchmarks

Tabento and its peers serve the same fitted models on the same machine, one after the other, asked
the same rows by the same load generator. Read the ratios: the absolute numbers are this machine's.

This page is written by `python -m benchmarks --docs`; change `benchmarks/`, not this page.
"""

METHOD = """\
- Every peer loads the artifact that Tabento serves, checks each row by the same contract, and must
  give the answers that the estimator gives in process, to within 1e-9; many at once are compared
  before anything is measured. Peers answer with the predictions alone, Tabento with its whole
  envelope.
- Rows are generated, valid and all different; a measurement goes through 256 bodies of one row, 4
  of 512 rows, or 64 of 1 to 64 rows.
- Closed loop: wrk, one thread, after a second of the same load unmeasured (none for one connection)
  and a pause in which what that left unanswered is served. Its latency is that of a client which
  waits for its answer, and is not comparable with the open loop's.
- Open loop: requests are meant to arrive at random moments (Poisson); latency counts from the meant
  moment, so that no slow answer hides those behind it. A request that finds no idle connection
  opens one. Where the generator itself was late by more than a few milliseconds, the line says as
  much of the generator as of the server.
- Capacity: the better of a peer's own rates at 32 and at 256 connections.
- Overload: a closed loop of two and of ten times 256 connections, each of which asks again at once,
  answered or refused. "In time" is a 200 within a second, "late" a later one, "refused" any other
  status, "failed" a connection that broke or a client that waited ten seconds. Goodput is what was
  in time, by the peer's capacity. wrk does not tell how late a 200 was and how late a refusal: a
  quarter of the connections are watched one by one, and the share of late ones among their 200s
  counts for all; where none of them got a 200, every late answer that wrk saw counts as one.
  Latencies are those of the watched 200s, from the wish to ask.
- CPU and memory of an overload include what refusals cost; so does the closed loop of 512 rows,
  whose latencies are of all answers, where a server refuses.
- A percentile is shown when at least ten requests lie beyond it.
- CPU is user and system time of the server's whole process tree, divided by its good answers.
  Memory is resident memory summed over the tree, so that what processes share counts in each.
- A peer is started with two workers in the first round alone, Tabento in every round.
- Rounds go through all peers in turn. A number is the median over the rounds; a ratio is taken
  within each round, and then its median.
- Where cores suffice, a server gets one core a worker, and shares it among all its processes: what
  is compared is what a core can do.
- Every server has one thread for linear algebra (`OMP_NUM_THREADS=1`) and writes its log to a file.
"""


AGAIN = """\
## Run it yourself

The load generator is wrk (`apt-get install wrk`). Each peer is installed into an environment of its
own under `.bench/`, once. A run says at its start about how long it will take. Where there are
cores enough, `taskset` keeps the server and the load generator apart.

```
make bench             # all of it, about an hour
make bench QUICK=1     # one round of the main workloads: some minutes
make bench ARGS="--peers mosec --workloads single_breast_cancer_32 --rounds 5"
```

A further peer is a folder in `benchmarks/peers/` with `app.py`, `requirements.in` and its lock, and
an entry in `benchmarks/peer.py`.
"""
