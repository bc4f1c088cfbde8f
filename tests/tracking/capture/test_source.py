import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

from glia.tracking.capture import git as asked_git
from glia.tracking.capture import snapshot
from glia.tracking.capture import source as described_source
from glia.tracking.capture.source import describe_source


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit; the user's and the system's settings of git stay out."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "train.py").write_text("rate = 0.1\n")
    (folder / "api_key.txt").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_commit_branch_and_remote_are_known(code: Path) -> None:
    git(code, "remote", "add", "origin", "https://ada:s3cr3t@example.org/team/code.git")
    described = describe_source(code, ["train.py"])
    assert described["commit"] == git(code, "rev-parse", "HEAD")
    assert described["branch"] == "main"
    assert described["remote"] == "https://example.org/team/code.git"
    assert described["diff"] == ""
    assert described["untracked"] == {}
    assert "s3cr3t" not in json.dumps(described)


def test_changes_can_be_applied_again(code: Path, tmp_path: Path) -> None:
    (code / "train.py").write_text("rate = 0.2\n# ü\n")
    below = code / "below"
    below.mkdir()
    described = describe_source(below)
    again = tmp_path / "again"
    git(tmp_path, "clone", "-q", str(code), str(again))
    (tmp_path / "diff").write_text(described["diff"])
    git(again, "apply", str(tmp_path / "diff"))
    assert (again / "train.py").read_text() == "rate = 0.2\n# ü\n"


def test_files_that_git_does_not_know_are_taken_by_a_list(code: Path) -> None:
    taken = {"new.py": "x = 1\n", "deep/settings.yaml": "a: 1\n", "run ü.sh": "ls\n"}
    never = {".env.py": "1", "my_key.py": "2", "secrets/all.toml": "3", "server.PEM": "4", "KEYS.cfg": "5"}
    other = {"data.csv": "1,2\n", "notes.txt": "n", "ignored.py": "i"}
    for name, text in {**taken, **never, **other, ".gitignore": "ignored.py\n"}.items():
        (code / name).parent.mkdir(exist_ok=True)
        (code / name).write_text(text)
    (code / "link.py").symlink_to("/etc/hostname")
    (code / "large.py").write_text("x" * (snapshot.LARGEST_FILE + 1))
    (code / "binary.py").write_bytes(b"\xff\xfe")
    described = describe_source(code)
    assert described["untracked"] == taken
    told = "\n".join(described["left_out"])
    for name in (
        "my_key.py: its name is that of a secret",
        "large.py: not a text",
        "link.py",
        "binary.py",
        "secrets/all",
    ):
        assert name in told


def test_changes_of_secret_files_stay_out(code: Path) -> None:
    (code / "api_key.txt").write_text("s3cr3t\n")
    secrets = code / "Secrets"
    secrets.mkdir()
    (secrets / "a.py").write_text("s3cr3t")
    (code / ".env").write_text("s3cr3t")
    (code / "train.py").write_text("rate = 0.3\n")
    git(code, "add", ".")
    described = describe_source(code)
    assert "rate = 0.3" in described["diff"]
    assert "s3cr3t" not in json.dumps(described)


def test_a_repository_without_a_commit_shows_all_that_was_added(tmp_path: Path, code: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    git(fresh, "init", "-q")
    (fresh / "a.py").write_text("a = 1\n")
    git(fresh, "add", "a.py")
    described = describe_source(fresh)
    assert described["commit"] == ""
    assert "+a = 1" in described["diff"]


def test_without_git_there_are_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").write_text("rate = 0.1\n")
    (tmp_path / "secret.py").write_text("s3cr3t")
    described = describe_source(tmp_path, ["train.py", "--epochs", "3"], tmp_path / "train.py")
    assert described == {
        "command": ["train.py", "--epochs", "3"],
        "folder": str(tmp_path),
        "root": str(tmp_path),
        "entry": "train.py",
        "files": {"train.py": "rate = 0.1\n"},
        "left_out": ["secret.py: its name is that of a secret"],
    }
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_source(tmp_path)["files"] == {"train.py": "rate = 0.1\n"}


def test_a_git_that_hangs_is_stopped_with_its_children(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text("#!/bin/sh\nsleep 600 &\nsleep 600\n")
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setattr(asked_git, "SECONDS", 0.2)
    assert "commit" not in describe_source(code)


def test_changes_too_long_to_keep_are_left_out_and_told(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LARGEST_TOTAL", 1000)
    (code / "train.py").write_text("x = 1\n" * 1000)
    (code / "a.py").write_text("a" * 700)
    (code / "b.py").write_text("b" * 700)
    described = describe_source(code)
    assert described["diff"] == ""
    assert "the changes of tracked files: more than 1,000 characters" in described["left_out"]
    assert list(described["untracked"]) == ["a.py"]
    assert any(told.startswith("b.py: ") for told in described["left_out"])


def test_gliaignore_counts_for_changes_and_for_new_files(code: Path) -> None:
    (code / "drafts").mkdir()
    for name in ("private.py", "drafts/one.py", "drafts/keep.py", "open.py"):
        (code / name).write_text("one\n")
    git(code, "add", ".")
    git(code, "commit", "-q", "-m", "more")
    for name in ("private.py", "drafts/one.py", "drafts/keep.py", "open.py"):
        (code / name).write_text("two\n")
    for name in ("new_private.py", "new.py", "drafts/new.py"):
        (code / name).write_text("three\n")
    (code / ".gliaignore").write_text("*private.py\n")
    (code / "drafts" / ".gliaignore").write_text("*\n!keep.py\n")
    described = describe_source(code)
    assert sorted(line[6:].split()[0] for line in described["diff"].splitlines() if line.startswith("+++ b/")) == [
        "drafts/keep.py",
        "open.py",
    ]
    assert described["untracked"] == {"new.py": "three\n"}


@pytest.mark.parametrize(("before", "after"), [("api_key.txt", "notes.txt"), ("train.py", "my_secret.py")])
def test_renaming_a_secret_does_not_show_it(code: Path, before: str, after: str) -> None:
    text = "".join(f"s3cr3t {number}\n" for number in range(20))
    (code / before).write_text(text)
    git(code, "commit", "-q", "-a", "-m", "secret")
    git(code, "mv", before, after)
    described = describe_source(code)
    assert described["diff"] == ""
    assert described["left_out"] == [f"{after}: its name is, or was, that of a secret"]


def test_a_renamed_file_stays_one(code: Path, tmp_path: Path) -> None:
    (code / "train.py").write_text("".join(f"line = {number}\n" for number in range(20)))
    git(code, "commit", "-q", "-a", "-m", "longer")
    git(code, "mv", "train.py", "fit.py")
    assert "rename to fit.py" in describe_source(code)["diff"]


def test_changed_files_that_are_no_text_are_told_and_spoil_nothing(code: Path, tmp_path: Path) -> None:
    (code / "logo.png").write_bytes(b"\x89PNG\0\1\2")
    git(code, "add", ".")
    (code / "train.py").write_text("rate = 0.2\n")
    described = describe_source(code)
    assert "logo" not in described["diff"]
    assert described["left_out"] == ["logo.png: a changed file that is no text"]


@pytest.mark.parametrize("setting", ["diff.noprefix=true", "diff.mnemonicPrefix=true", "color.ui=always"])
def test_the_users_settings_do_not_spoil_the_diff(code: Path, setting: str) -> None:
    git(code, "config", *setting.split("="))
    (code / "train.py").write_text("rate = 0.2\n")
    assert "--- a/train.py\n+++ b/train.py\n" in describe_source(code)["diff"]


def test_tokens_in_changes_are_masked(code: Path) -> None:
    (code / "train.py").write_text('token = "hf_abcdefghijklmnop"\n')
    (code / "new.py").write_text('url = "postgres://me:s3cr3t@host/x"\n')
    described = describe_source(code)
    assert '+token = "…"' in described["diff"]
    assert described["untracked"] == {"new.py": 'url = "postgres://me:…@host/x"\n'}


def notebook(source: str, output: str) -> str:
    cell = {
        "cell_type": "code",
        "source": [source],
        "metadata": {"vscode": {"secret": "s3cr3t"}},
        "execution_count": 7,
        "outputs": [{"output_type": "stream", "text": output}],
    }
    metadata = {"kernelspec": {"name": "python3"}, "widgets": {"state": "s3cr3t"}}
    return json.dumps({"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def test_notebooks_are_kept_without_outputs(code: Path) -> None:
    (code / "known.ipynb").write_text(notebook("x = 1", "s3cr3t"))
    git(code, "add", ".")
    git(code, "commit", "-q", "-m", "notebook")
    (code / "known.ipynb").write_text(notebook("x = 2", "s3cr3t"))
    (code / "new.ipynb").write_text(notebook("y = 1", "s3cr3t" * 100_000))
    described = describe_source(code)
    assert described["diff"] == ""
    assert "s3cr3t" not in json.dumps(described)
    kept = json.loads(described["notebooks"]["known.ipynb"])
    assert kept["cells"] == [
        {"cell_type": "code", "source": ["x = 2"], "metadata": {}, "outputs": [], "execution_count": None}
    ]
    assert kept["metadata"] == {"kernelspec": {"name": "python3"}}
    assert "y = 1" in described["untracked"]["new.ipynb"]


def test_the_script_that_was_started_is_named(code: Path, tmp_path: Path) -> None:
    program = (
        "import json; from glia.tracking.capture.source import describe_source; print(json.dumps(describe_source()))"
    )
    (code / "deep").mkdir()
    (code / "deep" / "run.py").write_text(program)
    done = subprocess.run(
        [sys.executable, str(code / "deep" / "run.py"), "--password", "s3cr3t"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    described = json.loads(done.stdout)
    assert (described["entry"], described["root"], described["folder"]) == ("deep/run.py", str(code), str(tmp_path))
    assert described["untracked"] == {"deep/run.py": program}  # the repository of the script, not the current folder
    assert described["command"][-2:] == ["--password", "…"]


def test_a_notebook_tells_its_file_and_its_cells(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code / "study.ipynb").write_text(notebook("x = 1", "1"))
    main = types.ModuleType("__main__")
    vars(main)["In"] = ["", "x = 1", "token = 'hf_abcdefghijklmnop'"]
    monkeypatch.setitem(sys.modules, "__main__", main)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    monkeypatch.setenv("JPY_SESSION_NAME", str(code / "study.ipynb"))
    described = describe_source()
    assert described["entry"] == "study.ipynb"
    assert described["cells"] == ["x = 1", "token = '…'"]


def test_what_was_installed_is_not_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    main = types.ModuleType("__main__")
    for name in (json.__file__, pytest.__file__, described_source.__file__):
        main.__file__ = name
        monkeypatch.setitem(sys.modules, "__main__", main)
        assert "entry" not in describe_source()
