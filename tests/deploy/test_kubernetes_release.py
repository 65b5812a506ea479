"""The release to Kubernetes goes back by itself.

`kubectl` here is a stand-in that writes down what it is asked.
"""

import os
import subprocess

import pytest

from tests.deploy.conftest import KUBERNETES

IMAGE = "registry.example/tabento@sha256:" + "a" * 64

KUBECTL = """#!/usr/bin/env bash
echo "$*" >>"$FAKE/asked"
case "$*" in
  kustomize*) cat "$2/kustomization.yaml" ;;
  *"get deployment"*) cat "$FAKE/revision" ;;
  apply*) cp "$3" "$FAKE/applied"; cp "$FAKE/next" "$FAKE/revision" ;;
  *"rollout status"*) exit "$(cat "$FAKE/status")" ;;
esac
"""


@pytest.fixture
def cluster(tmp_path):
    """A cluster that serves revision 7, and makes revision 8 of what it is given."""
    tool = tmp_path / "bin" / "kubectl"
    tool.parent.mkdir()
    tool.write_text(KUBECTL)
    tool.chmod(0o755)
    for name, content in {"revision": "7", "next": "8", "status": "0", "asked": ""}.items():
        (tmp_path / name).write_text(content)
    return tmp_path


def release(cluster, *arguments, smoke="true"):
    environment = os.environ | {
        "FAKE": str(cluster),
        "PATH": f"{cluster / 'bin'}:{os.environ['PATH']}",
        "SMOKE": smoke,
    }
    done = subprocess.run(
        [KUBERNETES / "release.sh", *arguments],
        env=environment,
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


def test_the_first_release_has_nothing_to_go_back_to(cluster):
    (cluster / "revision").write_text("")
    done, asked = release(cluster, "staging", IMAGE, "x", smoke="false")

    assert done.returncode == 1
    assert "rollout undo" not in asked


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nowhere", IMAGE, "x"),
        ("staging", "registry.example/tabento:latest", "x"),
        ("staging", IMAGE[:-1], "x"),
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
