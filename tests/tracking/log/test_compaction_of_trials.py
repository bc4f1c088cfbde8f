"""Columns of a study: each trial reads as it does from the log."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glia.tracking.folder.reader import RunReader
from glia.tracking.folder.trials import TrialBook, TrialReader, read_run
from glia.tracking.log import columns
from glia.tracking.log.columns import BLOCK_BYTES, NAME, Columns
from glia.tracking.log.compaction import compact
from glia.tracking.recording.study import StudyRecorder, TrialRecorder
from tests.tracking.log.test_compaction import VALUES, everything
from tests.tracking.runs import searched, studying

NUMBER = st.integers(0, 2)
POINT = st.tuples(st.sampled_from(["train/loss", "best", "machine/cpu"]), st.integers(-5, 60), VALUES)
STEP = st.one_of(
    st.tuples(NUMBER, st.lists(POINT, min_size=1, max_size=10)),  # a trial logs
    st.lists(POINT, min_size=1, max_size=10),  # the study does
    st.tuples(st.just("begin"), NUMBER),
    st.tuples(st.just("rewind"), NUMBER, st.integers(0, 50)),
    st.tuples(st.just("end"), NUMBER),
    st.sampled_from(["rewind", "reopen"]),
)


def record(home: Path, steps: list[object]) -> Path:
    """A study in which all this happened; of a trial that was not begun, nothing."""
    study = StudyRecorder.create(home, project="tests")
    trials: dict[int, TrialRecorder] = {}
    clock = 1000.0
    for each in steps:
        clock += 1
        match each:
            case "rewind":
                study.rewind(20)
            case "reopen":
                study.close()
                study = StudyRecorder.reopen(study.folder)
                trials = {number: study.trial(number) for number in trials}
            case ("begin", int(number)):
                trials[number] = study.begin(number, {"rate": clock})
            case (said, int(number), *rest) if number in trials and isinstance(said, str):
                trials[number].rewind(rest[0]) if rest else trials[number].end(value=clock)
            case (int(number), list(points)) if number in trials:
                for name, step, value in points:
                    trials[number].log({name: value}, step=step, time=clock)
            case list(points):
                for name, step, value in points:
                    study.log({name: value}, step=step, time=clock)
    study.define("best", "higher")
    study.state("done")
    study.close()
    return study.folder


def all_of(reader: RunReader) -> list[dict[str, object]]:
    """What it says of the study, and of every trial."""
    found = [everything(TrialReader(reader, number)) for number in sorted(reader.trials)]
    return [everything(reader), *found]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=15))
def test_a_compacted_study_reads_like_its_log(home: Path, steps: list[object]) -> None:
    folder = record(home, [("begin", 0), *steps])
    before, facts = all_of(RunReader(folder)), TrialBook(folder).facts()
    assert compact(folder, least=0)
    reader = RunReader(folder)
    assert reader.held == 0
    assert all_of(reader) == before
    assert TrialBook(folder).facts() == facts


def test_a_trial_begun_again_after_the_columns_were_made_is_what_it_is_then(home: Path) -> None:
    folder = searched(home, 3)
    assert compact(folder, least=0)
    kept = read_run(folder / "trials" / "0")
    reader = read_run(folder / "trials" / "1")
    study = StudyRecorder.reopen(folder)
    study.begin(1, {"rate": 7}).log({"loss": 7.0}, step=1)
    study.trial(2).log({"loss": 0.1})
    study.trial(0).rewind(1)
    study.close()
    for fresh in (False, True):
        if fresh:
            del reader, kept
            reader, kept = read_run(folder / "trials" / "1"), read_run(folder / "trials" / "0")
        reader.refresh()
        kept.refresh()
        assert (reader.metrics("loss").value.tolist(), reader.params, reader.state) == ([7.0], {"rate": 7}, "crashed")
        assert kept.metrics("loss").step.tolist() == [1]
        assert read_run(folder / "trials" / "2").metrics("loss").step.tolist() == [1, 2, 3]
    assert compact(folder, least=0)
    assert read_run(folder / "trials" / "1").metrics("loss").value.tolist() == [7.0]
    assert read_run(folder / "trials" / "0").metrics("loss").step.tolist() == [1]
    assert read_run(folder / "trials" / "2").metrics("loss").step.tolist() == [1, 2, 3]


def test_generations_only_grow(home: Path) -> None:
    with studying(home) as study:
        recorder = study.begin(0, {})
        recorder.log({"loss": 1.0}, step=5)
        recorder.rewind(3)
        read = read_run(study.folder / "trials" / "0")
        before = read.generation
        study.begin(0, {})
        read.refresh()
        again = read.generation
        study.state("done")
    assert before < again
    assert compact(study.folder, least=0)
    del read
    assert read_run(study.folder / "trials" / "0").generation == again


def test_where_columns_of_a_trial_are_damaged_the_log_is_read(home: Path) -> None:
    with studying(home) as study:
        for number in range(2):
            recorder = study.begin(number, {})
            for step in range(BLOCK_BYTES // 8):
                recorder.log({"loss": float(step)}, step=step)
        study.state("done")
    assert compact(study.folder, least=0)
    read = read_run(study.folder / "trials" / "1")
    with (study.folder / NAME).open("r+b") as file:
        file.seek(columns.HEAD_BYTES + 4 * BLOCK_BYTES)
        file.write(b"damage")
    generation = read.generation
    assert read.metrics("loss").value.tolist() == list(range(BLOCK_BYTES // 8))
    assert read.generation > generation
    assert "metrics.columns' cannot be used" in read.warnings[0]


def test_a_run_without_trials_has_no_word_of_them_in_its_columns(home: Path) -> None:
    folder = record(home, [[("best", 1, 0.5)]])
    assert compact(folder, least=0)
    assert b'"trials"' not in (folder / NAME).read_bytes()
    assert [owner.direction for owner in Columns(folder / NAME).owners] == ["higher"]
