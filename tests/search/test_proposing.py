"""Trials by hand: proposed by whoever likes, begun once by who works on the study, before its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import glia
from glia import recipe as recipes
from glia.errors import ConfigError, NotFoundError
from glia.search.ledger import ASKED, Ledger, proposed
from glia.search.methods.bayesian import Bayesian
from glia.search.methods.method import Brief
from glia.search.plan import Plan
from glia.search.proposing import propose, waits_for_somebody, wanted, withdraw
from glia.search.reading import parse
from glia.search.trials import Proposal, Trial
from glia.tracking.folder.reader import RunReader
from glia.tracking.recording.study import StudyRecorder
from tests.tracking.children import child, kill, lines

RECIPE = recipes.from_dict({"data": {"name": "iris"}, "model": {"name": "mlp"}})
VARY: dict[str, Any] = {
    "train.epochs": {"values": [1, 2, 3, 4]},
    "train.optimizer": {"values": ["sgd", "adam"]},
    "train.momentum": {"low": 0.0, "high": 0.9, "when": {"train.optimizer": ["sgd"]}},
}
GRID: dict[str, Any] = {"train.epochs": {"values": [1, 2, 3, 4]}}
CHOSEN = {"train.epochs": 4, "train.optimizer": "adam"}


def planned(**more: Any) -> Plan:
    given: dict[str, Any] = {"method": "random", "metric": "validation/accuracy", "direction": "higher", "vary": VARY}
    return Plan(**{**given, **more})


@contextmanager
def study(home: Path, plan: Plan) -> Iterator[StudyRecorder]:
    recorder = StudyRecorder.create(home, project="tests", name="s", recipe_toml=RECIPE.toml(), params=RECIPE.params())
    plan.write(recorder.folder)
    try:
        yield recorder
    finally:
        recorder.close()


def test_what_was_proposed_is_begun_first_and_once(home: Path) -> None:
    with study(home, planned()) as recorder:
        id = propose(RunReader(recorder.folder), CHOSEN)
        [waiting] = RunReader(recorder.folder).proposals
        assert (waiting.id, waiting.settings) == (id, CHOSEN)
        first = Ledger(recorder, planned())
        other = Ledger(StudyRecorder.reopen(recorder.folder), planned())
        [claim] = first.claim(8)
        assert (claim.proposal.number, claim.proposal.settings) == (0, CHOSEN)
        assert len(other.claim(2)) == 2
        assert RunReader(recorder.folder).proposals == []
        trials = other.trials()
        assert [each.by_hand for each in trials] == [True, False, False]
        other.recorder.close()


def test_one_that_was_taken_back_is_begun_by_nobody(home: Path) -> None:
    with study(home, planned(method=ASKED)) as recorder:
        reader = RunReader(recorder.folder)
        first, second = propose(reader, CHOSEN), propose(reader, {**CHOSEN, "train.epochs": 1})
        reader.refresh()
        withdraw(reader, first)
        reader.refresh()
        assert [each.id for each in reader.proposals] == [second]
        [claim] = Ledger(recorder, planned(method=ASKED)).claim(8)
        assert claim.proposal.settings["train.epochs"] == 1
        reader.refresh()
        with pytest.raises(ConfigError, match=f"has no proposal '{second}' any more"):
            withdraw(reader, second)


BEGINS = """
import sys
from pathlib import Path
from glia.search.ledger import Ledger
from glia.search.plan import read
from glia.tracking.recording.study import StudyRecorder
recorder = StudyRecorder.reopen(Path(sys.argv[1]))
recorder.state("running")
[claim] = Ledger(recorder, read(recorder.folder)).claim(1)
print(claim.proposal.number, flush=True)
sys.stdin.read()
"""


def test_one_whose_process_was_killed_is_begun_again_also_after_the_search(home: Path) -> None:
    with study(home, planned(method="grid", vary=GRID)) as recorder:
        propose(RunReader(recorder.folder), {"train.epochs": 2})
        with child(BEGINS, recorder.folder) as process:
            assert next(lines(process)) == "0"
            kill(process)
        reader = RunReader(recorder.folder)
        assert reader.proposals == []
        assert waits_for_somebody(reader)
        ledger = Ledger(recorder, planned(method=ASKED))
        [claim] = ledger.claim(8)
        assert (claim.proposal.number, claim.proposal.settings, claim.log.attempt) == (0, {"train.epochs": 2}, 2)
        ledger.done(claim, 0.5)
        assert ledger.claim(8) == []
        [trial] = ledger.trials()
        assert (trial.state, trial.value, trial.by_hand) == ("done", 0.5, True)
        assert not waits_for_somebody(RunReader(recorder.folder))


def test_a_trial_that_somebody_else_drives_is_left_to_him(home: Path) -> None:
    with study(home, planned(method=ASKED)) as recorder:
        Ledger(recorder, planned(method=ASKED)).ask(CHOSEN).log.end("stopped")
        ledger = Ledger(recorder, planned(method=ASKED))
        ledger.take_up()
        assert ledger.claim(8) == []
        assert not waits_for_somebody(RunReader(recorder.folder))


def test_a_trial_by_hand_takes_no_point_of_a_grid(home: Path) -> None:
    with study(home, planned(method="grid", vary=GRID)) as recorder:
        ledger = Ledger(recorder, planned(method="grid", vary=GRID))
        tried = []
        for _ in range(2):
            tried += ledger.claim(1)
            propose(RunReader(recorder.folder), {"train.epochs": 4})
            tried += ledger.claim(1)
        tried += ledger.claim(8)
        assert [each.proposal.number for each in tried] == list(range(6))
        epochs = [each.proposal.settings["train.epochs"] for each in tried]
        assert epochs == [1, 4, 2, 4, 3, 4]


class Descending:
    """A child of the last trial, and the last one further: numbers as the method knows them."""

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        assert [each.number for each in trials] == [0, 1]
        assert trials[1].parent == 0
        return [Proposal(number=2, settings={}, parent=1), Proposal(number=1, settings={}, epochs=3)][:count]


def test_methods_know_their_own_trials_by_numbers_without_gaps() -> None:
    by_hand = Trial(number=1, settings={}, state="done", by_hand=True)
    trials = [
        Trial(number=0, settings={}, state="done"),
        by_hand,
        Trial(number=2, settings={}, state="done", parent=0),
        Trial(number=3, settings={}, state="done", by_hand=True),
    ]
    child, further = proposed(Descending(), trials, 8)
    assert (child.number, child.parent) == (4, 2)
    assert (further.number, further.epochs, further.parent) == (2, 3, None)


def test_a_bayesian_search_learns_from_trials_by_hand() -> None:
    space = parse(["x=0.0..1.0"])
    brief = Brief(space=space, seed=0, trials=8)
    own = [Trial(number=n, settings={"x": 0.1 * n}, state="done", value=0.1 * n) for n in (0, 1, 3, 4)]
    by_hand = Trial(number=2, settings={"x": 0.95}, state="done", value=9.0, by_hand=True)
    [alone] = proposed(Bayesian(brief, "gp"), [replace(each, number=n) for n, each in enumerate(own)], 1)
    [found] = proposed(Bayesian(brief, "gp"), sorted([*own, by_hand], key=lambda each: each.number), 1)
    assert found.number == alone.number + 1
    assert abs(found.settings["x"] - 0.95) < abs(alone.settings["x"] - 0.95)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Nothing is set"),
        ({"train.epoch": 1}, "'train.epoch' is not varied in this study. Did you mean 'train.epochs'"),
        ({"train.epochs": 1}, "'train.optimizer' has no value. It may be sgd,adam."),
        ({**CHOSEN, "train.epochs": 9}, "train.epochs=9 is not among 1,2,3,4."),
        ({**CHOSEN, "train.momentum": 0.5}, "'train.momentum' is varied only when train.optimizer is sgd. Leave it"),
        ({"train.epochs": 1, "train.optimizer": "sgd"}, "'train.momentum' has no value. It may be 0.0..0.9."),
        ({"train.epochs": 1, "train.optimizer": "sgd", "train.momentum": 2}, r"momentum=2 is not among 0.0..0.9"),
    ],
)
def test_what_is_no_point_of_the_space_is_refused(home: Path, settings: dict[str, Any], message: str) -> None:
    with study(home, planned()) as recorder:
        reader = RunReader(recorder.folder)
        with pytest.raises(ConfigError, match=message):
            propose(reader, settings)
        reader.refresh()
        assert reader.proposals == []


def test_a_table_of_trials_leaves_the_values_to_the_recipe(home: Path) -> None:
    plan = planned(method="manual", vary={}, rows=({"train.epochs": 1}, {"train.learning_rate": 0.1}))
    with study(home, plan) as recorder:
        reader = RunReader(recorder.folder)
        assert wanted(reader).keys == ("train.epochs", "train.learning_rate")
        propose(reader, {"train.learning-rate": 0.7})
        with pytest.raises(ConfigError, match="epochs"):
            propose(reader, {"train.epochs": "many"})
        reader.refresh()
        assert [each.settings for each in reader.proposals] == [{"train.learning_rate": 0.7}]


def test_a_run_that_is_no_study_takes_none(home: Path) -> None:
    recorder = StudyRecorder.create(home, project="tests")
    recorder.close()
    with pytest.raises(NotFoundError, match="is no study"):
        propose(RunReader(recorder.folder), {})


def test_a_search_that_is_over_trains_what_is_proposed_and_concludes_anew() -> None:
    study = glia.tune(
        "iris", model="mlp", method="manual", table=[{"train.learning_rate": 1e-3}], metric="loss", epochs=1
    )
    study.propose({"train.learning_rate": 1e-6})
    worse = glia.tune(resume=study.id)
    assert (worse.state, worse.run.reason, worse.proposals) == ("done", "searched", {})
    assert [each.by_hand for each in worse.trials] == [False, True]
    assert worse.best.number == 0
    assert "On the test part, looked at once," in worse.answer
    assert len(worse.run.metrics("test/accuracy")) == 1  # the winner is the same: nobody looks again
    study.propose({"train.learning_rate": 0.05})
    better = glia.tune(resume=study.id)
    assert better.best.number == 2
    assert "Best is trial 2" in better.answer
    assert "On the test part, looked at 2 times," in better.answer
    assert len(better.run.metrics("test/accuracy")) == 2
    assert better.run.learner.recipe.train.learning_rate == 0.05
    assert len(glia.tune(resume=study.id).trials) == 3


def test_a_study_that_somebody_drives_is_given_what_was_proposed() -> None:
    vary = {"train.learning_rate": glia.between(1e-4, 1.0, log=True)}
    study = glia.tune("iris", model="mlp", vary=vary, epochs=1, trials=0)
    study.propose({"train.learning_rate": 0.5})
    first, second = [*study.ask(), *study.ask()]
    assert (first.settings, first.number, second.number) == ({"train.learning_rate": 0.5}, 0, 1)
    study.tell(first, 0.25)
    study.tell(second, 0.125)
    study.end()
    assert "Best is trial 0" in study.answer
    study.propose({"train.learning_rate": 0.25})
    resumed = glia.tune(resume=study.id, method="manual")
    assert [each.state for each in resumed.trials] == ["done"] * 3
    assert resumed.trials[2].by_hand


def test_by_hand_only_leaves_a_search_where_it_is() -> None:
    vary = {"train.learning_rate": glia.between(1e-3, 1e-1, points=3)}
    study = glia.tune("iris", model="mlp", vary=vary, method="grid", epochs=1, trials=0)
    assert glia.tune(resume=study.id, method="manual").trials == []
    study.propose({"train.learning_rate": 0.1})
    by_hand = glia.tune(resume=study.id, method="manual")
    assert (by_hand.state, by_hand.run.reason) == ("stopped", "trained what was proposed by hand")
    assert [each.settings for each in by_hand.trials] == [{"train.learning_rate": 0.1}]
    assert glia.tune(resume=study.id).state == "done"
    assert [each.by_hand for each in study.trials] == [True, False, False, False]
