"""The commands that change runs: stop, delete, restore, gc, tag, note; and the registry."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import glia
from glia.cli.main import app
from glia.errors import GliaError
from glia.store.registry import Registry
from glia.tracking.folder.reader import RunReader
from tests.tracking.children import child, lines
from tests.tracking.recording.test_stopping import DEAF, ENDLESS
from tests.tracking.runs import recording

runner = CliRunner()


def run(*arguments: str, stdin: str = "") -> Result:
    return runner.invoke(app, list(arguments), input=stdin)


def ended(home: Path, name: str, **options: Any) -> str:
    with recording(home, name=name, **options) as recorder:
        recorder.log({"loss": len(name)})
        recorder.state("failed" if name.startswith("bad") else "done")
    return recorder.id


def listed() -> list[str]:
    return [row["name"] for row in json.loads(run("runs", "list", "--json").stdout)]


def test_stop_waits_and_says_what_came_of_it() -> None:
    with child(ENDLESS) as process:
        reader = RunReader(Path(next(lines(process))))
        done = run("runs", "stop", reader.id[:6], "--reason", "flat", "--wait", "60")
        assert done.exit_code == 0
        assert re.search(r"Run wild-wren-1 \(\w{6}\) is stopped \(asked by .*: flat\)\.", done.stdout)
        assert f"Next: glia runs show {reader.id[:6]}" in done.stderr
    again = run("runs", "stop", "wild-wren-1")
    assert again.exit_code == 0
    assert "has ended already: stopped (asked by" in again.stdout


def test_stop_says_of_a_loop_that_never_asks_how_to_end_it() -> None:
    with child(DEAF, "polite") as process:
        reader = RunReader(Path(next(lines(process))))
        deaf = run("runs", "stop", reader.id, "--wait", "0.2")
        assert deaf.exit_code == 1
        assert "never asks run.should_stop" in deaf.stderr
        assert f"glia runs stop {reader.id[:6]} --force" in deaf.stderr
        assert run("runs", "stop", reader.id, "--wait", "0").exit_code == 0
        forced = run("runs", "stop", reader.id, "--wait", "0", "--force")
        assert forced.exit_code == 0, forced.stderr
        assert "is stopped (SIGTERM, asked by" in forced.stdout


def test_delete_asks_and_what_it_deleted_comes_back(home: Path) -> None:
    ended(home, "calm-otter-17")
    ended(home, "bad-badger-2")
    refused = run("runs", "delete", "calm-otter-17", stdin="n\n")
    assert refused.exit_code == 1
    assert "Delete 1 run: calm-otter-17?" in refused.stderr
    assert sorted(listed()) == ["bad-badger-2", "calm-otter-17"]
    assert "Deleted 1 run." in run("runs", "delete", "calm-otter-17", stdin="y\n").stdout
    assert listed() == ["bad-badger-2"]
    assert [row["name"] for row in json.loads(run("runs", "restore", "--json").stdout)] == ["calm-otter-17"]
    assert "calm-otter-17" in run("runs", "restore").stdout
    assert "is back" in run("runs", "restore", "calm-otter-17").stdout
    assert sorted(listed()) == ["bad-badger-2", "calm-otter-17"]
    assert "No deleted run" in run("runs", "restore").stderr


def test_delete_chooses_by_state_expression_age_and_parent(home: Path) -> None:
    parent = ended(home, "calm-otter-17", project="a")
    ended(home, "mild-heron-9", project="b", parent=parent)
    ended(home, "bad-badger-2", project="a")
    assert run("runs", "delete").exit_code == 2
    assert "No run fits" in run("runs", "delete", "--older-than", "1d", "--yes").stderr
    assert run("runs", "delete", "--state", "failed", "--yes").exit_code == 0
    assert sorted(listed()) == ["calm-otter-17", "mild-heron-9"]
    assert run("runs", "delete", "--where", "metrics.loss > 11.5", "--project", "b", "--yes").exit_code == 0
    assert "No run fits" in run("runs", "delete", "--project", "b", "--yes").stderr
    run("runs", "restore", "mild-heron-9")
    run("runs", "restore", "bad-badger-2")
    assert "Deleted 2 runs." in run("runs", "delete", "calm-otter-17", "--children", "--yes").stdout
    assert listed() == ["bad-badger-2"]


def test_delete_keeps_what_is_registered_and_says_so(home: Path) -> None:
    Registry(home).set("faces@champion", ended(home, "calm-otter-17"), by="ann")
    ended(home, "mild-heron-9")
    kept = run("runs", "delete", "calm-otter-17", "mild-heron-9", "--yes")
    assert kept.exit_code == 1
    assert "Deleted 1 run, kept 1." in kept.stdout
    assert "Kept: 'calm-otter-17' is registered as faces@1, faces@champion" in kept.stderr
    assert listed() == ["calm-otter-17"]


def test_gc_says_what_it_would_remove_and_then_does(home: Path) -> None:
    run_id = ended(home, "calm-otter-17")
    run("runs", "delete", run_id, "--yes")
    found = json.loads(run("runs", "gc", "--grace", "0", "--dry-run", "--json").stdout)
    assert found[0]["what"] == "deleted runs"
    assert found[0]["count"] == 1
    assert found[0]["bytes"] > 4096
    assert (home / "deleted" / run_id).is_dir()
    assert "would be freed" in run("runs", "gc", "--grace", "0", "--dry-run").stderr
    assert run("runs", "gc", "--grace", "0", stdin="n\n").exit_code == 1
    assert f"{found[0]['bytes']:,} bytes freed." in run("runs", "gc", "--grace", "0", "--yes").stderr
    assert not (home / "deleted" / run_id).exists()


def test_tags_are_set_removed_and_shown_and_notes_written(home: Path) -> None:
    ended(home, "calm-otter-17")
    shown = run("runs", "tag", "calm-otter-17", "purpose=paper", "draft=yes=no", "--json")
    assert json.loads(shown.stdout) == {"purpose": "paper", "draft": "yes=no"}
    assert run("runs", "tag", "calm-otter-17", "-draft").stdout.split() == ["purpose", "paper"]
    with pytest.raises(GliaError, match="'draft' is neither KEY=VALUE nor -KEY"):
        runner.invoke(app, ["runs", "tag", "calm-otter-17", "draft"], catch_exceptions=False)
    assert run("runs", "note", "calm-otter-17", "The baseline.").exit_code == 0
    assert glia.run("calm-otter-17").notes == "The baseline."
    assert glia.run("calm-otter-17").state == "done"


def test_a_registered_model_is_loaded_predicted_with_and_shown(tmp_path: Path) -> None:
    trained = glia.train("iris", epochs=1, settings={"model.hidden": [4]})
    assert "No model is registered yet" in run("registry", "list").stderr
    made = run("registry", "set", "flowers@champion", trained.name)
    assert f"flowers@1 is run {trained.name} ({trained.id[:6]}), and so is flowers@champion." in made.stdout
    sample = [[5.1, 3.5, 1.4, 0.2]]
    assert list(glia.load("flowers@champion").predict(sample).values) == list(trained.predict(sample).values)
    new = tmp_path / "new.csv"
    data = glia.dataset("iris")
    data.frame().drop(columns=data.target).head(2).to_csv(new, index=False)
    assert len(json.loads(run("predict", "flowers@1", str(new), "--json").stdout)) == 2

    other = glia.train("iris", epochs=1, settings={"model.hidden": [5]})
    assert "flowers@2" in run("registry", "set", "flowers", other.id).stdout
    run("registry", "set", "flowers@champion", other.id)
    assert glia.run("flowers@champion").id == glia.run("flowers@latest").id == other.id
    [row] = json.loads(run("registry", "list", "--json").stdout)
    assert row == {"name": "flowers", "versions": 2, "aliases": {"champion": 2}}
    assert "champion → 2" in run("registry", "list").stdout
    shown = json.loads(run("registry", "show", "flowers", "--json").stdout)
    moves = [(each["before"], each["version"]) for each in shown["history"] if each["alias"]]
    assert moves == [(None, 1), (1, 2)]
    assert other.name in run("registry", "show", "flowers").stdout


def test_taking_away_from_the_registry_asks(home: Path) -> None:
    ended(home, "calm-otter-17")
    assert (
        "keeps no model that glia.load could load" in run("registry", "set", "faces@champion", "calm-otter-17").stderr
    )
    with pytest.raises(GliaError, match="one of the two"):
        runner.invoke(app, ["registry", "set", "faces"], catch_exceptions=False)
    assert run("registry", "set", "faces@champion", "--delete", stdin="n\n").exit_code == 1
    assert glia.run("faces@champion").name == "calm-otter-17"
    assert "taken away" in run("registry", "set", "faces@champion", "--delete", "--yes").stdout
    with pytest.raises(GliaError, match="no version or alias 'champion'"):
        glia.load("faces@champion")
