import json
import os
import subprocess
from pathlib import Path

import pytest

from glia.tracking import source
from glia.tracking.source import describe_source, mask_arguments, without_credentials


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
    (code / "large.py").write_text("x" * (source.LARGEST_FILE + 1))
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


def test_without_git_there_is_still_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = describe_source(tmp_path, ["train.py", "--epochs", "3"])
    assert described == {"command": ["train.py", "--epochs", "3"], "folder": str(tmp_path)}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert describe_source(tmp_path)["command"]


def test_a_git_that_hangs_is_stopped_with_its_children(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").write_text("#!/bin/sh\nsleep 600 &\nsleep 600\n")
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setattr(source, "GIT_SECONDS", 0.2)
    assert "commit" not in describe_source(code)


def test_changes_too_long_to_keep_are_left_out_and_told(code: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LARGEST_TOTAL", 1000)
    (code / "train.py").write_text("x = 1\n" * 1000)
    (code / "a.py").write_text("a" * 700)
    (code / "b.py").write_text("b" * 700)
    described = describe_source(code)
    assert described["diff"] == ""
    assert "the changes of tracked files: more than 1,000 characters" in described["left_out"]
    assert list(described["untracked"]) == ["a.py"]
    assert any(told.startswith("b.py: ") for told in described["left_out"])


@pytest.mark.parametrize(
    ("given", "masked"),
    [
        ("--token=abc", "--token=…"),
        ("API_KEY=abc", "API_KEY=…"),
        ("--db=postgres://me:abc@host/x", "--db=postgres://…@host/x"),
        ("--use=hf_abcdefghijklmnop", "--use=…"),
        ("--lr=0.1", "--lr=0.1"),
        ("--tokenizer=bpe", "--tokenizer=bpe"),
        ("--max-tokens=512", "--max-tokens=512"),
        ("tokens.csv", "tokens.csv"),
    ],
)
def test_secrets_in_the_command_are_masked(given: str, masked: str) -> None:
    assert mask_arguments(["train.py", given, "x"]) == ["train.py", masked, "x"]


def test_a_secret_may_be_the_next_argument() -> None:
    assert mask_arguments(["--password", "abc", "--token", "--epochs", "3"]) == [
        "--password",
        "…",
        "--token",
        "--epochs",
        "3",
    ]


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("git@example.org:team/code.git", "git@example.org:team/code.git"),
        ("https://token@example.org/x", "https://example.org/x"),
        ("ssh://git:pw@example.org/x", "ssh://example.org/x"),
        ("/srv/code", "/srv/code"),
    ],
)
def test_remotes_are_kept_without_credentials(url: str, clean: str) -> None:
    assert without_credentials(url) == clean
