import os
import subprocess
from pathlib import Path

import pytest

from glia.errors import DataError, NotFoundError
from glia.tracking.capture.restoring import DIFF, code_difference, write_source
from glia.tracking.capture.source import describe_source
from tests.tracking.capture.test_source import git, notebook


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a commit, a change, a file that git does not know and a notebook."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "train.py").write_text("from rate import rate\nprint(rate)\n")
    (folder / "rate.py").write_text("rate = 0.1\n")
    (folder / "study.ipynb").write_text(notebook("x = 1", "1"))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_git_source_is_written_so_that_it_runs_again(code: Path, tmp_path: Path) -> None:
    (code / "rate.py").write_text("rate = 0.2\n")
    (code / "new").mkdir()
    (code / "new" / "more.py").write_text("more = 'ü'\r\n")
    (code / "study.ipynb").write_text(notebook("x = 2", "2"))
    source = describe_source(code)
    (code / "rate.py").write_text("rate = 0.3\n")
    git(code, "commit", "-q", "-a", "-m", "later")
    again = tmp_path / "again"
    assert write_source(source, again) == []
    assert subprocess.run(["python", "train.py"], cwd=again, capture_output=True, text=True).stdout == "0.2\n"
    assert (again / "new" / "more.py").read_bytes() == "more = 'ü'\r\n".encode()
    assert "x = 2" in (again / "study.ipynb").read_text()
    assert git(again, "rev-parse", "HEAD") == source["commit"]


def test_the_remote_serves_where_the_folder_is_gone(code: Path, tmp_path: Path) -> None:
    source = describe_source(code) | {"root": str(tmp_path / "gone"), "remote": str(code)}
    write_source(source, tmp_path / "again")
    assert (tmp_path / "again" / "train.py").is_file()
    with pytest.raises(NotFoundError, match=r"can be had neither from .*gone' nor from 'a remote"):
        write_source(source | {"remote": ""}, tmp_path / "other")


def test_a_snapshot_is_written_as_files(tmp_path: Path) -> None:
    source = {"files": {"a.py": "a = 1\n", "deep/b.sh": "ls\n"}, "left_out": ["c.py: no room for it"]}
    assert write_source(source, tmp_path / "out") == ["Not recorded: c.py: no room for it"]
    assert (tmp_path / "out" / "deep" / "b.sh").read_text() == "ls\n"


def test_a_first_commit_that_was_never_made_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    git(fresh, "init", "-q")
    (fresh / "a.py").write_text("a = 1\n")
    git(fresh, "add", "a.py")
    write_source(describe_source(fresh), fresh / "inside")
    assert (fresh / "inside" / "a.py").read_text() == "a = 1\n"


def test_changes_that_do_not_fit_are_kept_beside(code: Path, tmp_path: Path) -> None:
    source = describe_source(code) | {"diff": "--- a/rate.py\n+++ b/rate.py\n@@ -1 +1 @@\n-other\n+another\n"}
    said = write_source(source, tmp_path / "out")
    assert "cannot be applied" in said[0]
    assert "+another" in (tmp_path / "out" / DIFF).read_text()


@pytest.mark.parametrize("name", ["../out.py", "/etc/x.py", "a/../../b.py", ".git/config", "..\\b.py", "C:/b.py", ""])
def test_names_that_lead_out_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leads out of the folder"):
        write_source({"files": {"a.py": "", name: "x"}}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_through_a_link(code: Path, tmp_path: Path) -> None:
    (code / "data").symlink_to(tmp_path)
    git(code, "add", ".")
    git(code, "commit", "-q", "-m", "link")
    source = describe_source(code) | {"untracked": {"data/stolen.py": "x"}}
    with pytest.raises(DataError, match="is a link of the commit"):
        write_source(source, tmp_path / "out")
    assert not (tmp_path / "stolen.py").exists()


@pytest.mark.parametrize("commit", ["--upload-pack=touch", "HEAD", "abc"])
def test_only_the_name_of_a_commit_is_one(code: Path, tmp_path: Path, commit: str) -> None:
    with pytest.raises(DataError, match="is not the name of one"):
        write_source({"commit": commit, "root": str(code)}, tmp_path / "out")


def test_a_folder_in_use_and_a_run_without_source_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(DataError, match="is there and not empty"):
        write_source({"files": {"a.py": ""}}, tmp_path)
    with pytest.raises(NotFoundError, match="No source was recorded"):
        write_source({"command": ["x"]}, tmp_path / "out")


def test_two_git_sources_are_compared_file_by_file(code: Path) -> None:
    one = describe_source(code)
    (code / "rate.py").write_text("rate = 0.2\n")
    git(code, "commit", "-q", "-a", "-m", "second")
    (code / "train.py").write_text("from rate import rate\nprint(2 * rate)\n")
    (code / "new.py").write_text("new = 1\n")
    other = describe_source(code)
    before = {path: path.stat().st_mtime_ns for path in (code / ".git").rglob("*")}
    difference = code_difference(one, other)
    for line in ("-rate = 0.1", "+rate = 0.2", "-print(rate)", "+print(2 * rate)", "+new = 1", "+++ b/new.py"):
        assert line in difference.splitlines()
    assert code_difference(other, other) == ""
    assert {path: path.stat().st_mtime_ns for path in (code / ".git").rglob("*")} == before


def test_without_the_repository_the_recorded_changes_are_compared(code: Path, tmp_path: Path) -> None:
    one = describe_source(code) | {"root": str(tmp_path / "gone")}
    (code / "rate.py").write_text("rate = 0.2\n")
    other = describe_source(code) | {"root": str(tmp_path / "gone")}
    assert "++rate = 0.2" in code_difference(one, other)
    assert code_difference(one, one) == ""


def test_snapshots_are_compared_and_masked() -> None:
    one = {"files": {"a.py": "a = 1\n", "same.py": "s"}}
    other = {"files": {"a.py": "a = 2\ntoken = 'hf_abcdefghijklmnop'", "same.py": "s"}}
    assert code_difference(one, other).splitlines() == [
        "--- a/a.py",
        "+++ b/a.py",
        "@@ -1 +1,2 @@",
        "-a = 1",
        "+a = 2",
        "+token = '…'",
        "\\ No newline at end of file",
    ]
