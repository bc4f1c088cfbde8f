import json
import os
import random
from pathlib import Path

import pytest

from glia.errors import NotFoundError, StoreError
from glia.tracking.folder import home as homes
from glia.tracking.folder.home import find_home, find_run, open_home, run_folders
from glia.tracking.folder.names import ADJECTIVES, NOUNS, readable_name


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No folder is named, and the user's home folder is elsewhere."""
    monkeypatch.delenv("GLIA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "user"))


def a_run(home: Path, run: str, name: str = "calm-otter-17") -> Path:
    folder = home / "runs" / run
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"id": run, "name": name}))
    return folder


def test_the_folder_is_found_from_below(tmp_path: Path) -> None:
    (tmp_path / ".glia").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_home(below) == tmp_path / ".glia"
    assert open_home(below) == tmp_path / ".glia"


def test_the_nearest_folder_wins(tmp_path: Path) -> None:
    (tmp_path / ".glia").mkdir()
    (tmp_path / "a" / ".glia").mkdir(parents=True)
    assert find_home(tmp_path / "a") == tmp_path / "a" / ".glia"


def test_the_current_folder_is_where_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_home() is None
    made = open_home()
    assert made == tmp_path / ".glia"
    assert made.stat().st_mode & 0o777 == 0o700
    assert (made / ".gitignore").read_text() == "*\n"
    assert find_home() == made


def test_the_variable_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".glia").mkdir()
    monkeypatch.setenv("GLIA_HOME", str(tmp_path / "elsewhere" / "records"))
    assert find_home(tmp_path) is None
    assert open_home(tmp_path) == tmp_path / "elsewhere" / "records"
    assert find_home(tmp_path) == tmp_path / "elsewhere" / "records"


def test_the_variable_may_name_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLIA_HOME", "~/.glia")
    assert open_home(tmp_path) == tmp_path / "user" / ".glia"


def test_none_is_made_in_the_home_folder_or_the_root(tmp_path: Path) -> None:
    (tmp_path / "user").mkdir()
    for folder in (tmp_path / "user", Path("/")):
        with pytest.raises(StoreError, match=rf"makes none in '{folder}'.*GLIA_HOME={folder / '.glia'}"):
            open_home(folder)


def test_one_in_the_home_folder_is_not_found_from_below(tmp_path: Path) -> None:
    project = tmp_path / "user" / "project"
    project.mkdir(parents=True)
    (tmp_path / "user" / ".glia").mkdir()
    assert find_home(project) is None
    assert open_home(project) == project / ".glia"


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / ".glia"
    folder.mkdir()
    owner = folder.stat().st_uid
    monkeypatch.setattr(homes.os, "getuid", lambda: owner + 1)
    with pytest.raises(StoreError, match=rf"belongs to user {owner}, and you are user {owner + 1}.*GLIA_HOME={folder}"):
        find_home(tmp_path)
    monkeypatch.setenv("GLIA_HOME", str(folder))
    assert find_home(tmp_path) == folder


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GLIA_HOME", str(tmp_path / "file" / ".glia"))
    with pytest.raises(StoreError, match=r"file/.glia' cannot be made: Not a directory. Name another one in GLIA_HOME"):
        open_home()


def test_a_run_is_found_by_id_beginning_and_name(tmp_path: Path) -> None:
    folder = a_run(tmp_path, "a3f9000000000001")
    a_run(tmp_path, "b3f9000000000001", "bold-fox-3")
    for reference in ("a3f9000000000001", "a3f9", "A3F90", "calm-otter-17"):
        assert find_run(tmp_path, reference) == folder


def test_a_beginning_that_fits_several_runs_lists_them(tmp_path: Path) -> None:
    a_run(tmp_path, "a3f9000000000001", "bold-fox-3")
    a_run(tmp_path, "a3f9000000000002")
    with pytest.raises(
        NotFoundError, match=r"'a3f9' fits 2 runs: a3f9000000000001 \(bold-fox-3\), a3f9000000000002 \(c"
    ):
        find_run(tmp_path, "a3f9")


def test_a_name_that_fits_several_runs_lists_them(tmp_path: Path) -> None:
    a_run(tmp_path, "a3f9000000000001")
    a_run(tmp_path, "b3f9000000000002")
    with pytest.raises(NotFoundError, match=r"'calm-otter-17' fits 2 runs: a3f9000000000001"):
        find_run(tmp_path, "calm-otter-17")


def test_an_unknown_run_gets_a_hint(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no run 'a3f9'.*There are no runs yet: start one with glia train"):
        find_run(tmp_path, "a3f9")
    a_run(tmp_path, "a3f9000000000001")
    with pytest.raises(NotFoundError, match=r"Did you mean 'calm-otter-17'\?"):
        find_run(tmp_path, "calm-oter-17")
    with pytest.raises(NotFoundError, match="has at least 4 digits"):
        find_run(tmp_path, "a3f")
    with pytest.raises(NotFoundError, match="See which there are: glia runs list"):
        find_run(tmp_path, "zzzzzzzz")


def test_half_made_runs_are_not_listed(tmp_path: Path) -> None:
    assert list(run_folders(tmp_path)) == []
    folder = a_run(tmp_path, "a3f9000000000001")
    a_run(tmp_path, ".new-b3f9000000000001")
    assert list(run_folders(tmp_path)) == [folder]


def test_a_damaged_run_does_not_hide_the_others(tmp_path: Path) -> None:
    (a_run(tmp_path, "b3f9000000000001") / "run.json").write_text("{")
    folder = a_run(tmp_path, "a3f9000000000001")
    assert find_run(tmp_path, "calm-otter-17") == folder


def test_names_are_readable_and_do_not_touch_the_users_seed() -> None:
    random.seed(7)
    before = random.getstate()
    adjective, noun, count = readable_name().split("-")
    assert random.getstate() == before
    assert adjective in ADJECTIVES
    assert noun in NOUNS
    assert 1 <= int(count) <= 99
    assert readable_name(random.Random(1)) == readable_name(random.Random(1))
    assert len({readable_name() for _ in range(50)}) > 40


def test_word_lists_have_no_doubles_and_only_letters() -> None:
    for words in (ADJECTIVES, NOUNS):
        assert len(words) >= 100
        assert len(set(words)) == len(words)
        assert all(word.isalpha() and word.islower() for word in words)


def test_many_may_make_the_folder_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(homes, "find_home", lambda start=None: None)
    assert open_home() == open_home()
    assert os.listdir(tmp_path) == [".glia"]
