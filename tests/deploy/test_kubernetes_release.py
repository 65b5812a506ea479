"""The release to Kubernetes goes back by itself.

`kubectl` here is a stand-in that writes down what it is asked.
"""

import os
import subprocess

import pytest
import yaml

from tests.deploy.conftest import KUBERNETES, ROOT

IMAGE = "registry.example/tabento@sha256:" + "a" * 64

KUBECTL = """#!/usr/bin/env bash
echo "$*" >>"$FAKE/asked"
case "$*" in
  kustomize*) cat "$2/kustomization.yaml" ;;
  *"get deployment"*) cat "$FAKE/revision" ;;
  apply*) cp "$3" "$FAKE/applied"; cp "$FAKE/next" "$FAKE/revision" ;;
  *"rollout undo"*) exit "$(cat "$FAKE/undo")" ;;
  *"rollout status"*) kill -"$(cat "$FAKE/signal")" $PPID; exit "$(cat "$FAKE/status")" ;;
esac
"""

# A registry in which one attestation of the kind $KIND lies beside the image.
GH = """#!/usr/bin/env bash
[[ "$*" == *" oci://$IMAGE "* && "$*" == *" --predicate-type $KIND "* ]] &&
  echo "recorded when built"
"""
# Says what it is asked to hold the service to.
SMOKE = """#!/usr/bin/env bash
echo "$1" >>"$FAKE/smoked"
[ "$2" = --expect ] && cat "$3" >>"$FAKE/smoked"
"""


@pytest.fixture
def cluster(tmp_path):
    """A cluster that serves revision 7, and makes revision 8 of what it is given."""
    (tmp_path / "bin").mkdir()
    for name, content in {"kubectl": KUBECTL, "gh": GH, "smoke": SMOKE}.items():
        tool = tmp_path / "bin" / name
        tool.write_text(content)
        tool.chmod(0o755)
    files = {"revision": "7", "next": "8", "status": "0", "undo": "0", "asked": "", "signal": "0"}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def environment(cluster, smoke):
    path = f"{cluster / 'bin'}:{os.environ['PATH']}"
    return os.environ | {"FAKE": str(cluster), "PATH": path, "SMOKE": smoke}


def release(cluster, *arguments, smoke="true"):
    done = subprocess.run(
        [KUBERNETES / "release.sh", *arguments],
        env=environment(cluster, smoke),
        cwd=cluster,
        check=False,
        capture_output=True,
        text=True,
    )
    return done, (cluster / "asked").read_text()


def test_the_digest_that_was_asked_for_is_what_is_applied(cluster):
    done, asked = release(cluster, "staging", IMAGE, "http://127.0.0.1:1")

    assert done.returncode == 0, done.stderr
    assert f'digest: "sha256:{"a" * 64}"' in (cluster / "applied").read_text()
    assert "--namespace tabento-staging rollout status" in asked
    assert "rollout undo" not in asked


def test_when_the_answers_are_wrong_the_one_before_comes_back(cluster):
    done, asked = release(cluster, "production", IMAGE, "http://127.0.0.1:1", smoke="false")

    assert done.returncode == 1
    assert "rollout undo deployment/tabento --to-revision=7" in asked
    assert asked.rstrip().endswith("rollout status deployment/tabento --timeout=360s")


def test_when_it_never_gets_ready_it_is_not_even_asked(cluster):
    (cluster / "status").write_text("1")
    done, asked = release(cluster, "staging", IMAGE, "x", smoke=f"touch {cluster / 'smoked'}")

    assert done.returncode == 1
    assert "--to-revision=7" in asked
    assert not (cluster / "smoked").exists()


@pytest.mark.parametrize("signal", ["HUP", "INT", "TERM"])
def test_told_to_stop_it_goes_back_and_is_not_stopped_in_that(cluster, signal):
    (cluster / "signal").write_text(signal)
    done, asked = release(cluster, "staging", IMAGE, "x", smoke=f"touch {cluster / 'smoked'}")

    assert done.returncode == 1
    assert "told to stop" in done.stderr
    assert "rollout undo deployment/tabento --to-revision=7" in asked
    assert asked.rstrip().endswith("rollout status deployment/tabento --timeout=360s")
    assert not (cluster / "smoked").exists()


def test_where_the_one_before_does_not_come_back_it_says_so(cluster):
    (cluster / "undo").write_text("1")
    done, _ = release(cluster, "staging", IMAGE, "x", smoke="false")

    assert done.returncode == 1
    assert "DOES NOT COME BACK" in done.stderr


def test_the_first_release_has_nothing_to_go_back_to(cluster):
    (cluster / "revision").write_text("")
    done, asked = release(cluster, "staging", IMAGE, "x", smoke="false")

    assert done.returncode == 1
    assert "rollout undo" not in asked


def test_the_service_is_held_to_what_was_recorded_of_the_image(cluster):
    (cluster / "recorded").write_text("as built")
    done, _ = release(cluster, "staging", IMAGE, "http://there", "recorded", smoke="smoke")

    assert done.returncode == 0, done.stderr
    assert (cluster / "smoked").read_text().split("\n", 1) == ["http://there", "as built"]


def action_steps():
    """The commands of the action `deploy` that ask for the record, and that deploy."""
    action = yaml.safe_load((ROOT / ".github" / "actions" / "deploy" / "action.yml").read_text())
    steps = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    return [step for step in steps if "expectation" in step]


def recorded_kind():
    """As what the release puts the record of its smoke test beside the image."""
    release = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
    steps = release["jobs"]["build"]["steps"]
    (asked,) = (step["run"] for step in steps if "clients.smoke" in step.get("run", ""))
    file = asked.partition("--record ")[2].split()[0]
    (put,) = (step["with"] for step in steps if step.get("with", {}).get("predicate-path") == file)
    assert put["subject-digest"] == "${{ steps.push.outputs.digest }}"
    kind = put["predicate-type"].replace("${{ github.server_url }}", "https://github.example")
    return kind.replace("${{ github.repository }}", "owner/name")


def deployed(cluster, kind):
    """Run the action's own commands, in a registry that holds one record, of that kind."""
    own = {"IMAGE": IMAGE, "ENVIRONMENT": "staging", "URL": "http://there", "KIND": kind}
    own |= {
        "RUNNER_TEMP": str(cluster),
        "KUBECONFIG_CONTENT": "",
        "GITHUB_REPOSITORY": "owner/name",
    }
    own |= {"GITHUB_SERVER_URL": "https://github.example"}
    command = ["bash", "-eo", "pipefail", "-c", "\n".join(action_steps())]
    return subprocess.run(
        command, env=environment(cluster, "smoke") | own, cwd=ROOT, check=False, capture_output=True
    )


def test_what_is_deployed_must_answer_what_the_build_recorded(cluster):
    done = deployed(cluster, recorded_kind())

    assert done.returncode == 0, done.stderr
    assert (cluster / "smoked").read_text() == "http://there\nrecorded when built\n"


def test_without_a_record_nothing_is_deployed(cluster):
    done = deployed(cluster, "https://another.example")

    assert done.returncode != 0
    assert (cluster / "asked").read_text() == ""


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nowhere", IMAGE, "x"),
        ("staging", "registry.example/tabento:latest", "x"),
        ("staging", IMAGE[:-1], "x"),
        ("staging", IMAGE, "x", "no-such-record"),
        ("staging", IMAGE, "x", "asked"),
    ],
)
def test_wrong_use_changes_nothing(cluster, arguments):
    done, asked = release(cluster, *arguments)

    assert done.returncode == 2
    assert asked == ""


def test_nothing_is_left_behind(cluster):
    before = set(KUBERNETES.iterdir())
    release(cluster, "staging", IMAGE, "x", smoke="false")

    assert set(KUBERNETES.iterdir()) == before
