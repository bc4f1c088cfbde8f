"""Trials read as runs, and how they are called."""

import threading
from pathlib import Path
from typing import Any

import pytest

from glia import recipe as recipes
from glia.errors import NotFoundError
from glia.tracking.folder import trials
from glia.tracking.folder.account import Account
from glia.tracking.folder.artifacts import blobs_of
from glia.tracking.folder.home import brief, find_run, home_of, id_of, name_of, run_folder, trial_of
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import TrialBook, TrialReader, params_of, read_run
from glia.tracking.log.records import NoteRecord, TagsRecord
from tests.tracking.runs import recording, searched, studying

RECIPE = recipes.from_dict({"data": {"name": "digits"}, "model": {"name": "mlp"}, "train": {"epochs": 3}})


def test_a_trial_is_a_run_to_its_reader(home: Path) -> None:
    folder = searched(home, 3, name="calm-otter-17", project="p", params={"layers": 2})
    read, study = read_run(folder / "trials" / "2"), RunReader(folder)
    assert isinstance(read, TrialReader)
    assert (read.id, read.name, read.project) == (f"{folder.name}/2", "calm-otter-17/2", "p")
    assert (read.kind, read.parent, read.number, read.settings) == ("trial", folder.name, 2, {"rate": 0.2})
    assert (read.state, read.reason, read.params) == ("done", "", {"layers": 2, "rate": 0.2})
    assert (read.names(), read.direction("loss"), read.last()) == (["loss"], "lower", {"loss": 1 / 3})
    assert read.metrics("loss").step.tolist() == [1, 2]
    assert read.summary == {"value": 1 / 3}
    assert read.begun is not None
    assert read.begun.said == {"by": "grid"}
    assert study.created < read.created <= read.updated
    assert read.ended is not None
    assert read.witness == study.witness
    assert (read.environment, read.source) == (study.environment, study.source)
    assert (read.recipe_toml, read.console(), read.media, read.wish) == ("", [], [], None)
    assert (read.positions, read.held) == (study.positions, study.held)
    with pytest.raises(NotFoundError, match="Run 'calm-otter-17/2' has no metric 'los'"):
        read.metrics("los")
    assert (study.names(), study.last(), sorted(study.trials)) == (["best"], {"best": 0.5}, [0, 1, 2])


def test_an_unknown_trial_is_told_which_there_are(home: Path) -> None:
    folder = searched(home, 3, name="s")
    with pytest.raises(NotFoundError, match=r"Study 's' has no trial 3\. Its trials are 0 to 2\."):
        read_run(folder / "trials" / "3")
    with studying(home, name="t") as study, pytest.raises(NotFoundError, match=r"'t' has no trial 0\. It has none yet"):
        read_run(study.folder / "trials" / "0")


def test_params_are_the_recipe_with_the_settings_laid_over() -> None:
    toml, flat = RECIPE.toml(), RECIPE.params()
    for settings in (
        {},
        {"train.learning_rate": 0.5, "model.activation": "tanh", "train.seed": 3},
        {"train.optimizer": {"name": "sgd", "nesterov": True}},
        {"model.name": "cnn", "train.epochs": 2},
        {"train.batch-size": 8},
    ):
        expected = RECIPE.with_settings(settings).params()
        assert params_of(toml, {"method": "random"}, settings) == expected
    assert params_of(toml, {}, {"humidity": 3}) == {**flat, "humidity": 3}
    assert params_of("", {"layers": 2}, {"rate": 0.1}) == {"layers": 2, "rate": 0.1}
    assert params_of("[modle]\nname = 'x'\n", {"layers": 2}, {"rate": 0.1}) == {"layers": 2, "rate": 0.1}


def test_the_recipe_of_a_trial_can_be_trained(home: Path) -> None:
    with studying(home, recipe_toml=RECIPE.toml(), params={"method": "random"}) as study:
        study.begin(0, {"train.learning_rate": 0.5})
        study.begin(1, {"humidity": 3})
        first, second = (TrialReader(RunReader(study.folder), number) for number in (0, 1))
        assert recipes.from_toml(first.recipe_toml) == RECIPE.with_settings({"train.learning_rate": 0.5})
        assert first.params["train.learning_rate"] == 0.5
        assert "method" not in first.params
        assert second.recipe_toml == ""


def test_a_trial_stays_as_it_was_read_until_it_is_refreshed(home: Path) -> None:
    with studying(home) as study:
        recorder = study.begin(0, {})
        recorder.log({"loss": 1.0}, step=1)
        read = read_run(study.folder / "trials" / "0")
        position = read.count("loss")
        study.begin(1, {}).log({"loss": 7.0}, step=1)
        assert read.refresh() is False
        recorder.log({"loss": 2.0}, step=2)
        recorder.note("later")
        other = read_run(study.folder / "trials" / "1")  # reads the log for both
        assert (read.count("loss"), read.notes) == (1, "")
        assert read.refresh() is True
        assert (read.metrics("loss", since=position).value.tolist(), read.notes) == ([2.0], "later")
        assert other.last() == {"loss": 7.0}


def test_trials_that_are_read_in_turn_share_one_reading(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = searched(home, 5)
    opened: list[Path] = []

    class Counted(RunReader):
        def __init__(self, folder: Path) -> None:
            opened.append(folder)
            super().__init__(folder)

    monkeypatch.setattr(trials, "RunReader", Counted)
    read: Any = None
    for number in range(5):
        read = read_run(folder / "trials" / str(number))
    assert (read.number, opened) == (4, [folder])


def test_readers_of_one_study_may_be_of_different_threads(home: Path) -> None:
    problems: list[Exception] = []

    def follow(number: int) -> None:
        try:
            read = read_run(folder / "trials" / str(number))
            while read.state == "running":
                read.refresh()
                steps = read.metrics("loss").step.tolist() if read.names() else []
                assert steps == list(range(len(steps)))
            assert len(read.metrics("loss")) == 300
        except Exception as error:
            problems.append(error)

    with studying(home) as study:
        folder = study.folder
        recorders = [study.begin(number, {}) for number in range(3)]
        threads = [threading.Thread(target=follow, args=[number]) for number in range(3)]
        for thread in threads:
            thread.start()
        for step in range(300):
            for recorder in recorders:
                recorder.log({"loss": 0.5}, step=step)
        for recorder in recorders:
            recorder.end()
        for thread in threads:
            thread.join()
    assert problems == []


def test_what_others_say_of_a_trial_is_said_of_no_other(home: Path) -> None:
    folder = searched(home, 2)
    read = read_run(folder / "trials" / "1")
    read.remark(TagsRecord(set={"best": "yes"}))
    read.remark(NoteRecord(text="a note"))
    read.refresh()
    other, study = read_run(folder / "trials" / "0"), RunReader(folder)
    assert (read.tags, read.notes, read.state) == ({"best": "yes"}, "a note", "done")
    assert (other.tags, other.notes, study.tags, study.notes) == ({}, "", {}, "")


def test_a_trial_of_which_nobody_knows_the_beginning_is_not_there(home: Path) -> None:
    with studying(home) as study:
        study.begin(0, {})
        reader = RunReader(study.folder)
        reader._trials[7] = Account()
        assert list(reader.trials) == [0]
        with pytest.raises(NotFoundError, match="no trial 7"):
            reader.trial(7)


def test_the_book_of_trials_reads_no_numbers(home: Path) -> None:
    folder = searched(home, 3)
    book = TrialBook(folder)
    assert [each.value for each in book.facts()] == [1, 1 / 2, 1 / 3]
    assert [book.attempts(number) for number in (0, 2, 3)] == [1, 1, 0]
    assert not any(account._curves for account in book._trials.values())


def test_ids_and_folders_of_trials(home: Path) -> None:
    study = home / "runs" / "a3f9c1d200b7e845"
    folder = study / "trials" / "17"
    assert run_folder(home, "a3f9c1d200b7e845/17") == folder
    assert run_folder(home, "a3f9c1d200b7e845") == study
    assert (id_of(folder), id_of(study)) == ("a3f9c1d200b7e845/17", "a3f9c1d200b7e845")
    assert (trial_of(folder), trial_of(study)) == ((study, 17), None)
    assert home_of(folder) == home_of(study) == home
    assert blobs_of(folder).folder == blobs_of(study).folder == home / "blobs"
    assert brief("a3f9c1d200b7e845/17") == "a3f9c1/17"


def test_a_trial_is_called_as_its_study_is(home: Path) -> None:
    folder = searched(home, 2, name="calm-otter-17")
    for study in (folder.name, folder.name[:6], folder.name[:4].upper(), "calm-otter-17"):
        assert find_run(home, f"{study}/1") == folder / "trials" / "1"
    assert name_of(folder / "trials" / "1") == "calm-otter-17/1"
    with recording(home, name="calm-otter-18") as run:
        for name in ("calm-otter-18", run.id):
            with pytest.raises(NotFoundError, match=r"Run 'calm-otter-18' is no study, so it has no trial 1\."):
                find_run(home, f"{name}/1")
    with recording(home, name="mine/3") as run:
        assert find_run(home, "mine/3") == run.folder  # a name that only looks like it
    with pytest.raises(NotFoundError, match=r"There is no run 'calm-oter-17'.*Did you mean 'calm-otter-17'"):
        find_run(home, "calm-oter-17/1")
    with pytest.raises(NotFoundError, match="There is no run 'calm-otter-17/best'"):
        find_run(home, "calm-otter-17/best")
