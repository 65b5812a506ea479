import subprocess

import pytest

from train.revision import revision

AUTHOR = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments):
        command = ["git", *AUTHOR, "-c", "commit.gpgsign=false", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    git("init")
    (tmp_path / "file").write_text("one")
    git("add", "file")
    git("commit", "--no-verify", "-m", "first")
    return tmp_path, git("rev-parse", "HEAD").strip()


def test_it_is_the_commit(checkout):
    folder, commit = checkout

    assert revision(folder) == commit


def test_changed_files_are_not_passed_over(checkout):
    folder, commit = checkout
    (folder / "file").write_text("two")

    assert revision(folder) == f"{commit}-dirty"


def test_files_that_git_does_not_know_are_not_passed_over(checkout):
    folder, commit = checkout
    (folder / "new").write_text("two")

    assert revision(folder) == f"{commit}-dirty"


def test_files_that_are_ignored_change_nothing(checkout):
    folder, commit = checkout
    (folder / ".git" / "info" / "exclude").write_text("*.log")
    (folder / "some.log").write_text("two")

    assert revision(folder) == commit


def test_outside_a_checkout_there_is_none(tmp_path):
    assert revision(tmp_path) is None
