"""A study and its trials as they are recorded."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from glia.errors import ConfigError, NotFoundError
from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import TrialReader, read_run
from glia.tracking.log.records import ArtifactRecord
from glia.tracking.recording.recorder import RunRecorder
from glia.tracking.recording.study import StudyRecorder, TrialRecorder, reopen
from tests.tracking.children import PATIENCE_SECONDS, child, lines
from tests.tracking.runs import recording, searched, studying

BEGINS = """
import sys
from pathlib import Path
from glia.tracking.recording.study import StudyRecorder
study = StudyRecorder.reopen(Path(sys.argv[1]))
for number in map(int, sys.argv[2:]):
    study.begin(number, {"rate": number}, by="child").log({"loss": -1.0}, step=9)
print("begun", flush=True)
sys.stdin.read()
"""


def trial(folder: Path, number: int) -> TrialReader:
    return TrialReader(RunReader(folder), number)


def test_a_trial_runs_from_its_beginning_to_its_end(home: Path) -> None:
    with studying(home, name="calm-otter-17") as study:
        assert study.trials() == []
        recorder = study.begin(3, {"train.seed": 3}, by="random", fold=2)
        assert (recorder.id, recorder.name, recorder.number) == (f"{study.id}/3", "calm-otter-17/3", 3)
        [running] = study.trials()
        assert (running.number, running.settings, running.said) == (3, {"train.seed": 3}, {"by": "random", "fold": 2})
        assert (running.state, running.value, running.attempt) == ("running", None, 1)
        recorder.summary({"validation/loss": 0.25, "nothing": float("nan")})
        recorder.end("done", "epochs", value=0.5)
        [done] = study.trials()
        assert (done.state, done.reason, done.value) == ("done", "epochs", 0.5)
        assert done.summary["validation/loss"] == 0.25
        study.begin(4, {}).end("failed", "the loss diverged")
        assert [(each.number, each.state, each.value) for each in study.trials()] == [
            (3, "done", 0.5),
            (4, "failed", None),
        ]
        assert RunReader(study.folder).state == "running"


def test_trials_come_by_number_whenever_they_were_begun(home: Path) -> None:
    with studying(home) as study:
        for number in (5, 2, 9):
            study.begin(number, {})
        assert [each.number for each in study.trials()] == [2, 5, 9]
        study.begin(3, {})
        study.begin(11, {})
        assert [each.number for each in study.trials()] == [2, 3, 5, 9, 11]


def test_a_trial_costs_no_file_until_it_has_one(home: Path) -> None:
    with studying(home) as study:
        before = {path for path in study.folder.rglob("*") if path.suffix != ".json"}  # described by a thread
        recorders = [study.begin(number, {}) for number in range(50)]
        for recorder in recorders:
            recorder.log({"loss": 0.5})
            recorder.end()
        after = {path for path in study.folder.rglob("*") if path.suffix != ".json"}
        assert {path.name for path in after - before} == {"study.lock"}
        file = recorders[7].media("matrix", b"abc", suffix=".png", kind="image", step=1)
        assert (study.folder / "trials" / "7" / "media" / file).read_bytes() == b"abc"
        assert trial(study.folder, 7).media[0].file == file
        assert RunReader(study.folder).media == []


def test_media_of_a_study_that_is_gone_are_told_and_make_no_folder(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with studying(home) as study:
        recorder = study.begin(0, {})
        study._describing.join()  # type: ignore[union-attr]
        moved = study.folder.rename(home / "moved")
        recorder.media("matrix", b"abc", suffix=".png", kind="image")
        assert not study.folder.exists()
        moved.rename(study.folder)
    assert "'matrix' of run" in caplog.text


def test_all_that_a_run_says_a_trial_can_say(home: Path) -> None:
    with studying(home, name="s", params={"layers": 2}) as study:
        study.data(version="d71c", name="digits")
        recorder = study.begin(0, {"rate": np.float32(0.5)})
        recorder.define("validation/loss", "lower")
        for step in range(1, 6):
            recorder.log({"train/loss": float(step), "validation/loss": float(step)}, step=step)
        recorder.rewind(3)
        recorder.log({"train/loss": 9.0})
        recorder.params({"weights": 7})
        recorder.tag(team="vision", draft="yes")
        recorder.tag(draft=None)
        recorder.note("a note")
        recorder.warn("careful")
        recorder.weights("model/weights.safetensors", {"": "ab"})
        recorder.artifact(ArtifactRecord(name="a", blob="cd" * 32))
        recorder.sync()
        study.log({"train/loss": 100.0}, step=1)
        study.rewind(0)
        read = trial(study.folder, 0)
        assert read.metrics("train/loss").value.tolist() == [1, 2, 3, 9]
        assert read.metrics("train/loss").step.tolist() == [1, 2, 3, 4]
        assert (read.direction("validation/loss"), read.last_step("validation/loss")) == ("lower", 3)
        assert read.params == {"layers": 2, "rate": 0.5, "weights": 7}
        assert (read.tags, read.notes, read.warnings) == ({"team": "vision"}, "a note", ["careful"])
        assert (read.data_version, read.weights[0].file, read.artifacts[0].name) == (
            "d71c",
            "model/weights.safetensors",
            "a",
        )
        own = RunReader(study.folder)
        assert (own.names(), own.tags, own.warnings, own.weights, own.artifacts) == ([], {}, [], [], [])


def test_what_is_refused_of_a_run_is_refused_of_a_trial(home: Path) -> None:
    with studying(home, name="s") as study:
        for number in (-1, 1.5, "3"):
            with pytest.raises(ConfigError, match=r"number from 0 on, not -1|is not a whole number"):
                study.begin(number, {})  # type: ignore[arg-type]
        recorder = study.begin(0, {})
        with pytest.raises(ConfigError, match=r"cannot be said to be 'dnoe'\. Did you mean 'done'"):
            recorder.end("dnoe")  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match="'x' is 'a'"):
            recorder.log({"x": "a"})
        with pytest.raises(NotFoundError, match=r"Study 's' has no trial 7\. Its trials are 0 to 0\."):
            study.trial(7)


def test_what_was_begun_again_counts_from_there(home: Path) -> None:
    with studying(home) as study:
        first = study.begin(0, {"rate": 1})
        for step in (1, 2, 3):
            first.log({"loss": 1.0, "old": 1.0}, step=step)
        first.summary({"loss": 1.0})
        first.tag(of="the first")
        model = first.folder / "model"
        model.mkdir(parents=True)
        reader = trial(study.folder, 0)
        generation = reader.generation
        second = study.begin(0, {"rate": 2}, by="hand")
        second.log({"loss": 2.0}, step=1)
        first.log({"loss": 5.0}, step=4)  # whoever still writes is not heard any more
        first.end("failed")
        reader.refresh()
        for each in (reader, trial(study.folder, 0)):
            assert each.metrics("loss").value.tolist() == [2.0]
            assert (each.names(), each.tags, each.summary, each.state) == (["loss"], {}, {}, "running")
            assert each.generation == generation + 1
        [facts] = study.trials()
        assert (facts.settings, facts.said, facts.attempt, facts.state) == ({"rate": 2}, {"by": "hand"}, 2, "running")
        assert not model.exists()


def test_a_trial_of_a_process_that_died_has_crashed_and_can_be_taken_again(home: Path) -> None:
    with studying(home) as study, child(BEGINS, study.folder, 0, 1) as process:
        assert next(lines(process)) == "begun"
        assert [each.state for each in study.trials()] == ["running", "running"]
        readers = [trial(study.folder, number) for number in (0, 1)]
        process.kill()
        process.wait(PATIENCE_SECONDS)
        crashed = study.trials()
        assert [each.state for each in crashed] == ["crashed", "crashed"]
        assert f"process {process.pid} on " in crashed[0].reason
        assert [each.state for each in readers] == ["crashed", "crashed"]
        assert RunReader(study.folder).state == "running"
        again = study.begin(1, {"rate": 1})
        again.log({"loss": 3.0}, step=1)
        assert [each.state for each in study.trials()] == ["crashed", "running"]
        read = trial(study.folder, 1)
        assert (read.metrics("loss").step.tolist(), read.state, readers[0].state) == ([1], "running", "crashed")


def test_who_reopens_a_study_knows_how_often_trials_were_begun(home: Path) -> None:
    folder = searched(home, 3)
    study = StudyRecorder.reopen(folder)
    study.begin(1, {"rate": 9})
    assert [(each.attempt, each.state) for each in study.trials()] == [(1, "done"), (2, "running"), (1, "done")]
    study.close()
    assert [each.state for each in study.trials()] == ["done", "crashed", "done"]


def test_a_trial_is_gone_on_with_after_its_end(home: Path) -> None:
    folder = searched(home, 3)
    recorder = reopen(folder / "trials" / "2")
    assert isinstance(recorder, TrialRecorder)
    recorder.log({"loss": 0.1})
    recorder.log({"test/loss": 0.2})
    recorder.close()
    read = trial(folder, 2)
    assert (read.metrics("loss").step.tolist(), read.state) == ([1, 2, 3], "done")
    assert read.last()["test/loss"] == 0.2
    assert not any(each.last().get("test/loss") for each in (trial(folder, 0), RunReader(folder)))
    assert read.at_rest()
    run = reopen(folder)
    assert type(run) is RunRecorder
    run.close()


def test_a_trial_that_trains_in_parts_waits_without_a_process(home: Path) -> None:
    with studying(home) as study:
        for number in range(2):
            part = study.begin(number, {})
            part.log({"loss": 1.0})
            part.state("queued", "the next rung is still to come")
    assert [(each.state, each.reason) for each in study.trials()] == [("queued", "the next rung is still to come")] * 2
    other = StudyRecorder.reopen(study.folder)
    later = other.trial(1)
    later.state("running")
    later.log({"loss": 0.5})
    assert [each.state for each in other.trials()] == ["queued", "running"]
    read = trial(study.folder, 1)
    assert (read.metrics("loss").step.tolist(), read.state, read.attempt) == ([1, 2], "running", 1)
    other.close()
    assert [each.state for each in other.trials()] == ["queued", "crashed"]
    again = other.trial(1)
    again.rewind(1)
    again.log({"loss": 0.25})
    assert trial(study.folder, 1).metrics("loss").value.tolist() == [1.0, 0.25]
    other.close()


def test_only_what_is_new_is_read_when_trials_are_asked_for(home: Path) -> None:
    with studying(home) as study:
        for number in range(2000):
            recorder = study.begin(number, {"rate": number})
            recorder.log({"loss": 0.5}, step=1)
            recorder.end(value=number)
        facts = study.trials()
        assert [each.value for each in facts] == list(range(2000))
        study.begin(2000, {}).end(value=1)
        again = study.trials()
        assert all(one is other for one, other in zip(facts, again, strict=False))  # nothing was made anew
        assert len(again) == 2001
        reader = RunReader(study.folder)
        assert len(reader.trials) == 2001
        assert TrialReader(reader, 1234).last() == {"loss": 0.5}
        assert len(list((study.folder / "log").glob("*.log"))) == 1


def test_one_at_a_time_claims_trials(home: Path) -> None:
    with studying(home) as study:
        taken: list[int] = []

        def claim() -> None:
            for _ in range(20):
                with study.alone(), study.alone():
                    number = max((each.number for each in study.trials()), default=-1) + 1
                    study.begin(number, {}).end()
                    taken.append(number)

        threads = [threading.Thread(target=claim) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(taken) == list(range(80))
        assert {each.attempt for each in study.trials()} == {1}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_goes_on_with_trials_in_a_segment_of_its_own(home: Path) -> None:
    with studying(home) as study:
        recorder = study.begin(0, {})
        recorder.log({"loss": 1.0}, step=1)
        with study.alone():
            pid = os.fork()
            if pid == 0:
                recorder.log({"loss": 2.0, "child": 1.0}, step=2)
                os._exit(0)
            assert os.waitpid(pid, 0)[1] == 0
        recorder.log({"loss": 3.0}, step=3)
        read = trial(study.folder, 0)
        assert read.metrics("loss").value.tolist() == [1, 2, 3]
        assert read.state == "running"


def test_a_study_runs_as_long_as_one_of_those_who_work_on_it(home: Path) -> None:
    says = BEGINS.replace('print("begun"', 'study.state("running"); print("begun"')
    with studying(home) as study:
        with child(says, study.folder, 0) as process:
            assert next(lines(process)) == "begun"
            assert RunReader(study.folder).witness[0].pid == process.pid
        assert RunReader(study.folder).state == "running"
    assert RunReader(study.folder).state == "crashed"


def test_a_trial_stops_with_its_study(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glia.tracking.recording.stopping.SECONDS_BETWEEN_LOOKS", -1.0)
    from glia.tracking.recording.stopping import ask_to_stop

    with studying(home, name="s") as study:
        recorder = study.begin(0, {})
        assert recorder.stop_asked == ""
        with pytest.raises(ConfigError, match=f"'s/0' is a trial: it is stopped with its study.*{study.id[:6]}"):
            ask_to_stop(trial(study.folder, 0), "enough")
        assert ask_to_stop(RunReader(study.folder), "enough")
        assert recorder.stop_asked == recorder.stop_heard == "enough"


def test_a_run_is_no_study(home: Path) -> None:
    with recording(home, name="alone") as run, pytest.raises(NotFoundError, match="'alone' has no trial 3"):
        read_run(run.folder / "trials" / "3")
