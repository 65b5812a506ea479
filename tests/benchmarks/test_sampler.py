import json
import os
import signal
import subprocess
import sys

from benchmarks.environment import ROOT

WORK = "import time; end = time.thread_time() + 2\nwhile time.thread_time() < end: sum(range(99))"


def _run(folder, *words):
    env = {**os.environ, "PYTHONPATH": str(ROOT / "benchmarks/sampler"), "BENCH_SAMPLES": folder}
    subprocess.run([sys.executable, "-c", WORK, *words], env=env, check=True, timeout=60)


def test_a_worker_notes_where_it_is(tmp_path):
    _run(str(tmp_path), "_bentoml_impl.worker.service")

    (file,) = tmp_path.iterdir()
    stacks = json.loads(file.read_text())
    assert all(stack[-1] == "<string>:<module>" for stack, _ in stacks)
    assert sum(count for _, count in stacks) % 100 == 0


def test_a_process_that_is_no_worker_notes_nothing(tmp_path):
    _run(str(tmp_path), "supervisor")

    assert not list(tmp_path.iterdir())


def test_nobody_samples_this_process():
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
