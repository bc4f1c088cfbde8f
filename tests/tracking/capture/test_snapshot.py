from pathlib import Path

import pytest

from glia.tracking.capture import snapshot
from glia.tracking.capture.snapshot import Ignored, Texts, files_below, is_too_wide


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x = 1\n")


def below(folder: Path) -> tuple[list[str], list[str]]:
    left_out: list[str] = []
    return list(files_below(folder, left_out)), left_out


def test_environments_caches_and_built_things_are_skipped(tmp_path: Path) -> None:
    make(tmp_path, "train.py", "model/net.py", "model/conf.yaml", "data.csv")
    make(tmp_path, ".venv/a.py", "node_modules/b.py", "model/__pycache__/c.py", ".glia/d.py", "build/e.py")
    make(tmp_path, "other/pyvenv.cfg", "other/lib/f.py")
    (tmp_path / "link").symlink_to(tmp_path / "model")
    assert below(tmp_path) == (["train.py", "model/conf.yaml", "model/net.py"], [])


def test_both_files_of_patterns_count_without_git(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "b.py", "out/c.py", "deep/d.py", "deep/e.py")
    (tmp_path / ".gitignore").write_text("b.py\n/out/\n")
    (tmp_path / "deep" / ".gliaignore").write_text("d.py\n")
    assert below(tmp_path)[0] == ["a.py", "deep/e.py"]


def test_patterns_are_read_as_git_reads_them(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.py\n!keep.py\nclosed/\n")
    (tmp_path / ".gliaignore").write_text("keep.py\n")
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / ".gitignore").write_text("!*.py\n")
    git_only, both = Ignored(tmp_path, (".gitignore",)), Ignored(tmp_path)
    assert [git_only(name) for name in ("a.py", "keep.py", "open/a.py", "closed/keep.py")] == [True, False, False, True]
    assert both("keep.py")


def test_the_walk_is_bounded_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, *(f"{number}.py" for number in range(9)))
    monkeypatch.setattr(snapshot, "MOST_ENTRIES", 4)
    names, left_out = below(tmp_path)
    assert names == ["0.py", "1.py", "2.py", "3.py"]
    assert left_out == [f"what lies beyond the first 4 files and folders in '{tmp_path}'"]


def test_no_snapshot_is_made_of_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "ada"))
    make(tmp_path, "ada/a.py", "ada/project/b.py")
    assert is_too_wide(tmp_path / "ada")
    assert is_too_wide(Path("/"))
    names, left_out = below(tmp_path / "ada")
    assert names == []
    assert "no snapshot is made of a home folder" in left_out[0]
    assert below(tmp_path / "ada" / "project")[0] == ["b.py"]


def test_what_has_no_room_is_told(tmp_path: Path) -> None:
    make(tmp_path, "a.py", "b.py", "secret.py", "picture.png")
    texts = Texts(tmp_path, room=8).take(["a.py", "b.py", "secret.py", "picture.png", "missing.py"])
    assert texts.files == {"a.py": "x = 1\n"}
    assert [told.split(":")[0] for told in texts.left_out] == ["b.py", "secret.py", "missing.py"]
