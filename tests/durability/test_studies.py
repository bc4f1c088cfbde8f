"""A study survives the death of its process at any instant, and several processes may work on one."""

import os
import random
from pathlib import Path

import pytest

from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import TrialBook, TrialReader
from glia.tracking.index.index import Index
from glia.tracking.log.sinks import Way
from glia.tracking.recording.study import StudyRecorder
from tests.durability.nursery import nursery

KILLS = 6  # by each way
WORKERS = 3
TRIALS = 60

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

SEARCHES = """
from pathlib import Path
from glia.tracking.recording import recorder
from glia.tracking.recording.study import StudyRecorder
recorder.describe_source = recorder.describe_environment = lambda *given: {}  # half a second each

def live(home, way, study, most):
    use(way)
    study = StudyRecorder.reopen(Path(study)) if study else StudyRecorder.create(Path(home), project="violence")
    study.state("running")
    say(study.folder)
    while True:
        with study.alone():
            there = study.trials()
            crashed = [each.number for each in there if each.state == "crashed"]
            number = crashed[0] if crashed else len(there)
            if number >= most:
                return
            trial = study.begin(number, {"rate": number / 7}, by=os.getpid())
        for step in range(1, 8):
            trial.log({"train/loss": number + step / 8, "validation/loss": float(number)}, step=step)
        if number % 5 == 0:
            trial.media("noise", b"x" * number, suffix=".png", kind="image", step=1)
        trial.summary({"validation/loss": number})
        trial.end(value=number / 2)
        say(number)
"""


def check(folder: Path) -> list[int]:
    """Fail if anything of a trial that ended is torn, missing or there twice; the numbers of those."""
    reader = RunReader(folder)
    assert reader.warnings == []
    assert reader.names() == []
    ended = []
    for number in sorted(reader.trials):
        trial = TrialReader(reader, number)
        assert trial.params == {"rate": number / 7}
        if trial.state != "done":
            continue
        ended.append(number)
        series = trial.metrics("train/loss")
        assert series.step.tolist() == list(range(1, 8))
        assert series.value.tolist() == [number + step / 8 for step in range(1, 8)]
        assert trial.metrics("validation/loss").value.tolist() == [number] * 7
        assert trial.summary == {"validation/loss": number, "value": number / 2}
        for medium in trial.media:
            assert (trial.folder / "media" / medium.file).read_bytes() == b"x" * number
        assert len(trial.media) == (number % 5 == 0)
    facts = TrialBook(folder).facts()
    assert [(each.number, each.value) for each in facts if each.state == "done"] == [(n, n / 2) for n in ended]
    return ended


def test_kill_9_loses_no_trial_that_ended_and_the_next_process_goes_on(home: Path, way: Way) -> None:
    chance = random.Random(way)
    folder, known = "", set[int]()
    with nursery(SEARCHES) as children:
        for _ in range(KILLS):
            children.bear(home, way, folder, 10**9)
            said = children.lines()
            pid = int(next(said).split()[1])
            folder = next(said)
            for _ in range(chance.randrange(1, 60)):
                known.add(int(next(said)))
            known |= {int(line) for line in children.kill(pid)}
            reader = RunReader(Path(folder))
            assert reader.state == "crashed"
            ended = set(check(Path(folder)))
            assert known <= ended
            left = [each for each in TrialBook(Path(folder)).facts() if each.number not in ended]
            assert [each.state for each in left] in ([], ["crashed"])
    assert sorted(known | set(ended)) == list(range(len(ended)))  # whoever came took what the one before had left


def test_processes_that_work_on_one_study_share_its_trials(home: Path, way: Way) -> None:
    study = StudyRecorder.create(home, project="violence")
    with nursery(SEARCHES) as workers:
        for _ in range(WORKERS):
            workers.bear(home, way, study.folder, TRIALS)
        said: list[str] = []
        for _ in range(WORKERS):
            said += workers.wait()
            assert workers.status == 0
    trials = study.trials()
    study.state("done")
    study.close()
    assert sorted(int(line) for line in said if line.isdecimal()) == list(range(TRIALS))  # each was run once
    assert check(study.folder) == list(range(TRIALS))
    assert {each.attempt for each in trials} == {1}
    assert len(list((study.folder / "log").glob("*.log"))) == WORKERS + 1
    index = Index(home)
    index.refresh()
    assert [row.params["rate"] for row in index.runs("kind = 'trial'", sort="rate")] == [n / 7 for n in range(TRIALS)]


def test_a_worker_that_is_killed_leaves_its_trial_to_the_others(home: Path, way: Way) -> None:
    study = StudyRecorder.create(home, project="violence")
    with nursery(SEARCHES) as workers:
        workers.bear(home, way, study.folder, 10**9)
        said = workers.lines()
        pid = int(next(said).split()[1])
        while not next(said).isdecimal():
            pass
        workers.kill(pid)
        workers.bear(home, way, study.folder, TRIALS)
        workers.wait()
        assert workers.status == 0
    assert {each.state for each in study.trials()} == {"done"}
    assert set(range(TRIALS)) <= set(check(study.folder))
    study.close()
