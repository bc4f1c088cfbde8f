"""Names for models: versions, aliases, their history, and what survives the loss of the database."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glia.errors import ConfigError, NotFoundError, StoreError
from glia.store.registry import JOURNAL, Registry


@pytest.fixture
def registry(home: Path) -> Registry:
    home.mkdir()
    return Registry(home)


def test_versions_count_up_and_a_run_keeps_its_own(registry: Registry) -> None:
    assert registry.entries() == []
    assert registry.set("faces", "a" * 16, by="ann") == 1
    assert registry.set("faces", "b" * 16, by="ann") == 2
    assert registry.set("faces", "a" * 16, by="ann") == 1
    assert registry.set("Houses.v2", "a" * 16, by="ann") == 1
    assert [entry.name for entry in registry.entries()] == ["Houses.v2", "faces"]
    assert registry.resolve("faces@latest") == "b" * 16
    assert registry.resolve("faces@1") == "a" * 16
    assert registry.registered()["a" * 16] == ["Houses.v2@1", "faces@1"]


def test_an_alias_moves_and_its_history_says_who_when_from_where(registry: Registry) -> None:
    registry.set("faces@champion", "a" * 16, by="ann")
    registry.set("faces@champion", "b" * 16, by="bob")
    registry.set("faces@champion", "b" * 16, by="bob")  # nothing new
    assert registry.resolve("faces@champion") == "b" * 16
    moves = [change for change in registry.history("faces") if change.alias]
    assert [(move.by, move.before, move.version) for move in moves] == [("ann", None, 1), ("bob", 1, 2)]
    assert 0 < moves[0].time <= moves[1].time
    assert registry.entry("faces").names_of("b" * 16) == ["faces@2", "faces@champion"]


def test_taking_away_leaves_the_history_and_never_reuses_a_number(registry: Registry) -> None:
    registry.set("faces@champion", "a" * 16, by="ann")
    with pytest.raises(ConfigError, match="'faces@1' is 'faces@champion'"):
        registry.remove("faces@1", by="ann")
    registry.remove("faces@champion", by="ann")
    with pytest.raises(NotFoundError, match="no version or alias 'champion'"):
        registry.resolve("faces@champion")
    registry.remove("faces@1", by="ann")
    with pytest.raises(NotFoundError, match="No model is registered as 'faces'"):
        registry.entry("faces")
    assert registry.set("faces", "b" * 16, by="ann") == 2
    registry.remove("faces", by="ann")
    assert registry.entries() == []
    assert len(registry.history("faces")) == 6
    assert registry.set("faces", "a" * 16, by="ann") == 3


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("faces@3", "numbers are versions"),
        ("faces@latest", "'latest' is the newest"),
        ("faces@", "'' cannot be the alias"),
        ("@champion", "'' cannot be the name"),
        ("../faces", "'../faces' cannot be the name"),
        ("faces@a b", "'a b' cannot be the alias"),
    ],
)
def test_what_cannot_be_a_name_is_refused(registry: Registry, reference: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        registry.set(reference, "a" * 16, by="ann")
    assert registry.history() == []


def test_what_is_not_there_is_said_with_what_is(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match="Register one: glia registry set NAME RUN"):
        registry.resolve("faces@champion")
    registry.set("faces@champion", "a" * 16, by="ann")
    with pytest.raises(NotFoundError, match=r"No model is registered as 'face'\. Did you mean 'faces'"):
        registry.resolve("face@champion")
    with pytest.raises(NotFoundError, match=r"no version or alias 'champion1'\. Did you mean 'champion'"):
        registry.resolve("faces@champion1")
    with pytest.raises(ConfigError, match="Take away that one: faces@1"):
        registry.remove("faces@latest", by="ann")


def test_the_registry_outlives_the_database(registry: Registry, home: Path) -> None:
    registry.set("faces@champion", "a" * 16, by="ann")
    before = registry.history()
    for ending in ("", "-wal", "-shm"):
        (home / f"glia.db{ending}").unlink(missing_ok=True)
    assert registry.history() == before
    (home / "glia.db").write_bytes(b"no database at all" * 500)
    assert registry.resolve("faces@champion") == "a" * 16
    assert registry.history() == before


def test_a_journal_that_lacks_lines_is_written_again(registry: Registry, home: Path) -> None:
    registry.set("faces@champion", "a" * 16, by="ann")
    journal = home / JOURNAL
    whole = journal.read_bytes()
    for cut in (b"", whole[: whole.index(b"\n") + 1], whole[:-20]):
        journal.write_bytes(cut)
        assert registry.resolve("faces@champion") == "a" * 16
        assert journal.read_bytes() == whole


def test_a_change_of_which_only_the_journal_knows_was_made(registry: Registry, home: Path) -> None:
    registry.set("faces", "a" * 16, by="ann")
    first = json.loads((home / JOURNAL).read_text())
    with (home / JOURNAL).open("a") as journal:  # as a process leaves it that is killed before it commits
        journal.write(json.dumps({**first, "id": 2, "version": 2, "run": "b" * 16}) + "\n")
        journal.write('{"id": 3, "time"')
    assert registry.resolve("faces@2") == "b" * 16
    assert registry.set("faces", "c" * 16, by="ann") == 3
    assert [json.loads(line)["id"] for line in (home / JOURNAL).read_text().splitlines()] == [1, 2, 3]


def test_a_damaged_journal_is_not_believed(registry: Registry, home: Path) -> None:
    registry.set("faces", "a" * 16, by="ann")
    (home / JOURNAL).write_text("{}\n")
    with pytest.raises(StoreError, match="is damaged"):
        registry.entries()


def test_many_at_once_get_versions_of_their_own(registry: Registry, home: Path) -> None:
    registry.set("faces", "0" * 16, by="ann")
    with ThreadPoolExecutor(8) as pool:
        runs = [f"{number:016x}" for number in range(1, 17)]
        made = list(pool.map(lambda run: Registry(home).set("faces", run, by="ann"), runs))
    assert sorted(made) == list(range(2, 18))
    assert len((home / JOURNAL).read_text().splitlines()) == 17
