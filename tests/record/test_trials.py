"""Trials from the outside: `glia.run`, `glia.runs`, the commands."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import glia
from glia.cli.main import app
from glia.errors import NotFoundError
from glia.store.registry import Registry
from glia.tracking.folder.reader import RunReader
from tests.tracking.runs import searched, studying


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def study(home: Path) -> Path:
    """Three trials, `calm-otter-17/0` to `/2`."""
    return searched(home, 3, name="calm-otter-17", params={"layers": 2})


def test_a_trial_is_opened_as_a_run(study: Path) -> None:
    for name in (f"{study.name}/2", f"{study.name[:5]}/2", "calm-otter-17/2"):
        run = glia.run(name)
        assert (run.id, run.name, run.parent, run.state) == (f"{study.name}/2", "calm-otter-17/2", study.name, "done")
    assert run.params == {"layers": 2, "rate": 0.2}
    assert run.metrics("loss")["value"].tolist() == [2 / 3, 1 / 3]
    assert run.summary == {"value": 1 / 3}
    assert run.url.endswith(f"/runs/{study.name}~2")
    assert run.folder == study / "trials" / "2"
    assert f"<code>{study.name[:6]}/2</code>" in run._repr_html_()
    with pytest.raises(NotFoundError, match=r"has no trial 3\. Its trials are 0 to 2"):
        glia.run("calm-otter-17/3")


def test_a_trial_is_written_to_as_a_run_is(study: Path) -> None:
    run = glia.run("calm-otter-17/1")
    run.tags = {"best": "yes"}
    run.notes = "the winner"
    run.log({"test/loss": 0.25})
    run.image("map", [[0.0, 1.0], [1.0, 0.0]])
    run.save_artifact(study / "run.json")
    for each in (run, glia.run("calm-otter-17/1")):
        assert (each.tags, each.notes, each.looks, each.state) == ({"best": "yes"}, "the winner", 1, "done")
        with each.artifacts()[0].open() as kept:
            assert kept.read() == (study / "run.json").read_bytes()
        assert each.metrics("test/loss")["value"].tolist() == [0.25]
    assert [path.parent for path in study.rglob("*.png")] == [study / "trials" / "1" / "media"]
    assert (glia.run("calm-otter-17").tags, glia.run("calm-otter-17/0").tags, RunReader(study).media) == ({}, {}, [])
    run.end("failed", "on reflection")
    assert glia.run("calm-otter-17/1").state == "failed"


def test_the_learner_of_a_trial_is_its_own(home: Path) -> None:
    trained = glia.train("iris", epochs=1, settings={"model.name": "mlp"})
    with studying(home, name="s", recipe_toml=trained.recipe_toml) as study:
        winner = study.begin(0, {"train.seed": 5})
        trained.learner.save(winner.folder / "model")
        winner.end(value=0.5)
        study.begin(1, {}).end()
    assert len(glia.run("s/0").predict([[5.1, 3.5, 1.4, 0.2]])) == 1
    assert len(glia.load("s/0").predict([[5.1, 3.5, 1.4, 0.2]])) == 1
    Registry(home).set("flowers@champion", f"{study.id}/0", by="ann")
    assert glia.run("flowers@champion").id == f"{study.id}/0"
    assert glia.run("s/0").params["train.seed"] == 5
    with pytest.raises(
        NotFoundError, match=rf"Run 's/1' .* has no model.*glia runs list --where \"parent = '{study.id}"
    ):
        _ = glia.run("s/1").learner


def test_runs_leave_trials_out_unless_they_are_asked_for(study: Path) -> None:
    assert [run.name for run in glia.runs()] == ["calm-otter-17"]
    found = glia.runs(f"parent = '{study.name}' and params.rate > 0.05")
    assert [run.name for run in found] == ["calm-otter-17/2", "calm-otter-17/1"]
    assert (len(found), found[1].params["rate"]) == (2, 0.1)
    frame = glia.runs("kind = 'trial'").frame()
    assert frame["rate"].tolist() == [0.2, 0.1, 0.0]
    assert frame["value"].tolist() == [1 / 3, 1 / 2, 1]


def test_the_list_shows_trials_when_it_is_asked_to(study: Path) -> None:
    short = study.name[:6]
    assert [row["name"] for row in json.loads(command("runs", "list", "--json").stdout)] == ["calm-otter-17"]
    shown = command("runs", "list", "--trials", "--sort", "rate").stdout
    assert [line.split()[0] for line in shown.splitlines()[2:6]] == [f"{short}/0", f"{short}/1", f"{short}/2", short]
    assert shown.count("↳ calm-otter-17/") == 3


def test_a_study_and_a_trial_are_shown(study: Path) -> None:
    shown = command("runs", "show", study.name).stdout
    assert f"{study.name[:6]}/2 calm-otter-17/2" in shown
    assert "best" in shown
    inside = json.loads(command("runs", "show", study.name, "--json").stdout)["inside"]
    assert inside == [f"{study.name}/{number}" for number in (2, 1, 0)]
    shown = command("runs", "show", "calm-otter-17/1").stdout
    assert f"{study.name}/1" in shown
    assert "rate" in shown
    told = command("runs", "diff", "calm-otter-17/0", "calm-otter-17/1").stdout
    assert "rate" in told
    assert "layers" not in told


def test_trials_are_tagged_and_noted_and_not_stopped_or_deleted(study: Path) -> None:
    name = f"{study.name[:6]}/1"
    assert command("runs", "tag", name, "best=yes").stdout.split() == ["best", "yes"]
    assert f"glia runs show {name}" in command("runs", "note", name, "a note").stderr
    assert (glia.run(name).tags, glia.run(name).notes) == ({"best": "yes"}, "a note")
    assert "has ended already: done" in command("runs", "stop", name).stdout
    refused = command("runs", "delete", name, "--yes")
    assert (refused.exit_code, str(refused.exception).split(":")[0]) == (1, f"'{name}' is a trial")
    assert "registry show" in command("registry", "set", "best@champion", name).stderr
    assert {"calm-otter-17/1", name} <= set(command("registry", "show", "best").stdout.split())
