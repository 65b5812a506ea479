"""The image serves as nobody in particular, holds no tools, and replaces a worker that died."""

import subprocess
import time

import httpx
import pytest

from deploy import hardening
from deploy.engine import docker, inspect
from deploy.image import contents
from deploy.image.__main__ import main
from models import breast_cancer, loan_default, sentiment

pytestmark = [pytest.mark.slow, pytest.mark.container, pytest.mark.timeout(600)]

MODELS = [breast_cancer, loan_default, sentiment]


def workers(url, seconds=60, until=lambda pids: len(pids) == 2):
    """The pids that answer, as soon as they are as wished."""
    end = time.monotonic() + seconds
    while True:
        answers = [httpx.get(f"{url}/health", timeout=30).json() for _ in range(20)]
        pids = {each["pid"] for each in answers if each["models_loaded"]}
        if until(pids) or time.monotonic() > end:
            return pids
        time.sleep(0.2)


@pytest.mark.parametrize("model", MODELS)
def test_hardened_and_as_any_user_it_answers_the_same(container, client, model):
    body = {"rows": [row.model_dump(mode="json") for row in model.EXAMPLE]}
    path, headers = f"/{model.NAME}/predict", {"X-Request-ID": "same"}

    answer = httpx.post(container.url + path, json=body, headers=headers)
    assert answer.status_code == 200
    assert answer.content == client.post(path, json=body, headers=headers).content


def test_a_setting_given_to_the_container_takes_effect(container):
    assert len(workers(container.url)) == 2


def healthy(running):
    """What the image's own HEALTHCHECK says now."""
    (_, *command) = inspect(running.name)["Config"]["Healthcheck"]["Test"]
    done = subprocess.run(["docker", "exec", running.name, *command], check=False)
    return done.returncode == 0


def test_without_one_of_its_workers_it_is_not_healthy_until_that_is_replaced(container):
    before = workers(container.url)
    assert healthy(container)
    # The supervisor is held, so that the gap lasts as long as it takes to look.
    docker("kill", "--signal=STOP", container.name)
    try:
        kill = f"import os; os.kill({min(before)}, 9)"
        docker("exec", container.name, "python", "-c", kill)
        assert httpx.get(f"{container.url}/readyz").status_code == 200
        assert not healthy(container)
    finally:
        docker("kill", "--signal=CONT", container.name)

    after = workers(container.url, 90, lambda pids: len(pids) == 2 and pids != before)
    assert len(after) == 2
    assert min(before) not in after
    assert healthy(container)


def test_metrics_and_health_work_on_a_read_only_root(container):
    assert "tabento_requests_total{" in httpx.get(f"{container.url}/metrics").text
    end = time.monotonic() + 60
    while (state := inspect(container.name)["State"]["Health"]["Status"]) != "healthy":
        assert time.monotonic() < end, state
        time.sleep(0.5)


def test_it_has_no_right_to_anything(container):
    status = docker("exec", container.name, "cat", "/proc/1/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert facts["Uid"].split()[0] == "1000650000"
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1"


def test_told_to_stop_it_drains_and_ends_well(start):
    with start() as running:
        docker("stop", "--time=60", running.name)

        assert inspect(running.name)["State"]["ExitCode"] == 0
        assert "draining" in docker("logs", running.name)


@pytest.mark.parametrize("tool", ["gcc", "git", "uv", "make"])
def test_no_build_tool_is_in_it(container, tool):
    found = f"import shutil; print(shutil.which({tool!r}))"

    assert docker("exec", container.name, "python", "-c", found).strip() == "None"


def test_what_only_draws_pictures_is_not_in_it(container):
    names = ["matplotlib", "plotly", "graphviz", "PIL", "uv"]
    found = f"import importlib.util as u; print([n for n in {names} if u.find_spec(n)])"

    assert docker("exec", container.name, "python", "-c", found).strip() == "[]"


def test_it_says_what_it_is(image, home):
    facts = inspect(image)["Config"]
    latest = {file.parent.name: file.read_text() for file in home.glob("models/*/latest")}

    assert facts["User"] == "1034:1034"
    assert facts["Labels"]["tabento.models"].split() == sorted(
        f"{name}:{version}" for name, version in latest.items()
    )
    assert facts["Labels"]["org.opencontainers.image.revision"]
    assert facts["Healthcheck"]["Test"][0] == "CMD"


def test_the_table_of_its_contents_accounts_for_all_of_it(image):
    lines = [line.split("|")[1:3] for line in contents.table(image).splitlines()[2:]]
    sizes = {name.strip(): float(value) for name, value in lines}
    sizes.pop("of which bytecode of the packages")
    total = sizes.pop("in all")

    assert "catboost" in sizes
    assert sum(sizes.values()) == pytest.approx(total, abs=1)


def test_from_its_start_a_process_walks_seldom_over_what_it_imported(container):
    found = docker("exec", container.name, "python", "-c", "import gc; print(gc.get_threshold())")

    assert found.strip() == "(50000, 500, 100)"


# What supervisor and worker import, and which of it Python would compile at each start.
UNCOMPILED = """
import os, sys
sys.path.insert(0, "/bento/src")
import service, bentoml_cli.cli, bentoml.serving, _bentoml_impl.worker.service
import _bentoml_impl.server.app, asgiref.compatibility, catboost, skops.io, tornado.platform.asyncio
specs = [module.__spec__ for module in sys.modules.values() if getattr(module, "__spec__", None)]
ours = [spec for spec in specs if spec.cached and spec.origin.startswith(("/app", "/bento"))]
named = [spec.cached for spec in ours]
print(len(named) > 1000, [file for file in named if not os.path.exists(file)])
"""


def test_nothing_that_is_imported_is_compiled_anew_at_each_start(image):
    # Not beside two workers: it needs as much memory as another.
    found = docker("run", "--rm", *hardening.RUN, "--entrypoint=python", image, "-c", UNCOMPILED)

    assert found.strip() == "True []"


def test_a_release_refuses_a_base_without_a_digest(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--release"])

    assert ended.value.code == 2
    assert "digest" in capsys.readouterr().err
