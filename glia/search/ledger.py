"""The trials of a study as they are recorded: which there are, which come next, what became of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glia.search.methods.bayesian import Bayesian
from glia.search.methods.method import Brief, Method, method_named
from glia.search.plan import Plan
from glia.search.trials import Proposal, Trial, next_number
from glia.tracking.folder.trials import TrialFacts
from glia.tracking.log.records import PROPOSAL
from glia.tracking.recording.study import StudyRecorder, TrialRecorder

ASKED = "asked"  # the method of a study that somebody else drives
AGAIN = "again"  # said of a trial: the number of the one that it repeats from another seed
REPETITIONS = 1_000_000  # from here on are their numbers, so that those of the search stay without gaps
RUNG = "rung/"  # before the epochs of a part that is finished, in a trial's summary
EPOCHS = "up to epoch"  # in a trial's summary: where the part that was last begun ends
FOLDS = "folds"  # in a trial's summary: the metric of each


@dataclass(frozen=True, eq=False)
class Claim:
    """A trial that this process has begun, and nobody else will."""

    proposal: Proposal
    log: TrialRecorder
    goes_on: bool = False  # from where it was left; else from its beginning


class Ledger:
    """The trials of one study.

    Args:
        recorder: of the study.
        plan: how it searches.
    """

    def __init__(self, recorder: StudyRecorder, plan: Plan) -> None:
        self.recorder, self.plan = recorder, plan
        self.method = None if plan.method == ASKED else method_of(plan)
        self._facts: dict[int, TrialFacts] = {}
        self._trials: list[Trial] = []  # of the search, by number
        self._places: dict[int, int] = {}  # in that list
        self._lost: set[int] = set()  # begun by processes that died
        self._again: set[int] = set()  # stopped, and taken up again
        self._proposed: set[int] = set()  # somebody's wish, to be trained by whoever works on the study

    def trials(self) -> list[Trial]:
        """All of the search, by number, those apart that repeat the best from other seeds."""
        self._read_on()
        return self._trials

    def repetitions(self, of: int) -> list[Trial]:
        """Those that repeat a trial."""
        self._read_on()
        return [as_trial(facts) for facts in self._facts.values() if facts.said.get(AGAIN) == of]

    def take_up(self) -> None:
        """Trials that were stopped are trained again from now on."""
        self._again = {each.number for each in self.trials() if each.state == "stopped"}

    def claim(self, count: int) -> list[Claim]:
        """Begin what comes next, at most so many; none: nothing is left to begin now.

        First what somebody proposed, who waits for it; then what a process that died has left; then the method's.
        """
        with self.recorder.alone():
            trials = self.trials()
            wanted = self.recorder.proposals()[:count]
            if wanted:
                return [self._begin_chosen(each.settings, each.id) for each in wanted]
            lost = sorted(self._left())[:count]
            if lost:
                proposals = [trials[self._places[number]].again() for number in lost]
            else:
                proposals = proposed(self.method, trials, count) if self.method else []
            return [self._begin(each) for each in proposals]

    def ask(self, settings: Mapping[str, Any]) -> Claim:
        """Begin a trial with settings of somebody's choice."""
        with self.recorder.alone():
            return self._begin_chosen(settings, "")

    def repeat(self, best: Trial, settings: Mapping[str, Any]) -> Claim:
        """Begin a repetition of a trial."""
        with self.recorder.alone():
            self._read_on()
            number = max((*self._facts, REPETITIONS - 1)) + 1
            proposal = Proposal(number=number, settings=dict(settings))
            return Claim(proposal, self.recorder.begin(proposal.number, settings, **{AGAIN: best.number}))

    def done(
        self, claim: Claim, value: float, *, values: Sequence[float] = (), summary: Mapping[str, float] | None = None
    ) -> None:
        """A trial, or a part of one, is finished."""
        found: dict[str, Any] = dict(summary or {})
        if len(values) > 1:
            found[FOLDS] = list(values)
        if claim.proposal.epochs is not None:
            found[f"{RUNG}{claim.proposal.epochs}"] = value
        if found:
            claim.log.summary(found)
        claim.log.end("done", value=value)

    def _left(self) -> set[int]:
        """Trials to be begun again. Those of a search that is over, or that somebody else drives, are left alone."""
        left = self._lost | self._again
        return left if self.method is not None else left & self._proposed

    def _begin_chosen(self, settings: Mapping[str, Any], by: str) -> Claim:
        """A trial whose settings are not the method's; by which proposal."""
        proposal = Proposal(number=next_number(self.trials()), settings=dict(settings))
        return Claim(proposal, self.recorder.begin(proposal.number, settings, **{PROPOSAL: by}))

    def _begin(self, proposal: Proposal) -> Claim:
        self._again.discard(proposal.number)
        before = self._facts.get(proposal.number)
        rungs = as_trial(before).rungs if before is not None else ()
        if before is None:
            parent = {} if proposal.parent is None else {"parent": proposal.parent}
            claim = Claim(proposal, self.recorder.begin(proposal.number, proposal.settings, **parent))
        elif before.state == "done":
            log = self.recorder.trial(proposal.number)
            log.state("running")
            claim = Claim(proposal, log, goes_on=True)
        else:
            said = {**before.said, "rungs": [list(each) for each in rungs]}
            claim = Claim(proposal, self.recorder.begin(proposal.number, proposal.settings, **said))
        if proposal.epochs is not None:
            claim.log.summary({EPOCHS: proposal.epochs})
        return claim

    def _read_on(self) -> None:
        for facts in self.recorder.changes():
            number = facts.number
            self._facts[number] = facts
            if AGAIN in facts.said:
                continue
            trial = as_trial(facts)
            if facts.said.get(PROPOSAL):
                self._proposed.add(number)
            (self._lost.add if facts.state in ("crashed", "lost") else self._lost.discard)(number)
            if number in self._places:
                self._trials[self._places[number]] = trial
            elif not self._trials or number > self._trials[-1].number:
                self._places[number] = len(self._trials)
                self._trials.append(trial)
            else:
                self._trials = sorted([*self._trials, trial], key=lambda each: each.number)
                self._places = {each.number: place for place, each in enumerate(self._trials)}


def as_trial(facts: TrialFacts) -> Trial:
    """What a method sees of a trial."""
    rungs = {int(epochs): float(value) for epochs, value in facts.said.get("rungs", ())}
    for name, value in facts.summary.items():
        if name.startswith(RUNG):
            rungs[int(name.removeprefix(RUNG))] = float(value)
    epochs = facts.summary.get(EPOCHS)
    return Trial(
        number=facts.number,
        settings=facts.settings,
        state=facts.state,
        value=facts.value,
        reason=facts.reason,
        epochs=None if epochs is None else int(epochs),
        parent=facts.said.get("parent"),
        rungs=tuple(sorted(rungs.items())),
        values=tuple(facts.summary.get(FOLDS, ())),
        by_hand=PROPOSAL in facts.said,
    )


def proposed(method: Method, trials: Sequence[Trial], count: int) -> list[Proposal]:
    """What a method proposes that knows only trials of its own, numbered without gaps.

    So a trial by hand between them takes no point of a grid, no row of a table, and no place in a population. A
    Bayesian search learns from it all the same.
    """
    if not any(each.by_hand for each in trials):
        return method.propose(trials, count)
    own = [each for each in trials if not each.by_hand]
    places = {each.number: place for place, each in enumerate(own)}
    shown = [
        replace(each, number=place, parent=None if each.parent is None else places[each.parent])
        for place, each in enumerate(own)
    ]
    if isinstance(method, Bayesian):
        others = [each for each in trials if each.by_hand]
        before = [sum(one.number < each.number for one in own) for each in others]
        method = replace(
            method, others=tuple(replace(each, number=count) for each, count in zip(others, before, strict=True))
        )
    after = next_number(trials) - len(own)

    def real(place: int) -> int:
        return own[place].number if place < len(own) else place + after

    return [
        replace(each, number=real(each.number), parent=None if each.parent is None else real(each.parent))
        for each in method.propose(shown, count)
    ]


def method_of(plan: Plan) -> Method:
    """The way a plan searches.

    Raises:
        ConfigError: its method cannot search its space.
    """
    brief = Brief(
        space=plan.space,
        seed=plan.seed,
        trials=plan.trials,
        direction=plan.direction,
        epochs=plan.epochs,
        rows=plan.rows,
    )
    return method_named(plan.method, brief)
