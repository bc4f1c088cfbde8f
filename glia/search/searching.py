"""`glia.tune`: trials proposed, trained together, recorded, until the search is over; then what it found."""

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from shutil import rmtree

from glia.data.splits import divide
from glia.errors import GliaError, NotFoundError, TrainingError
from glia.learner import Learner
from glia.recipe import Recipe
from glia.record.interruption import asked_to_stop
from glia.record.progress import Display, choose, duration
from glia.record.run import Run
from glia.record.weights import note_weights
from glia.record.writing import EventWriter
from glia.search.concluding import conclude, kept
from glia.search.draws import FEW
from glia.search.findings import findings
from glia.search.ledger import Claim, Ledger
from glia.search.plan import Plan
from glia.search.trials import Trial, best_first
from glia.search.workshop import Result, Work, Workshop
from glia.tracking.capture.console import capture
from glia.tracking.log.records import Written
from glia.tracking.recording.study import StudyRecorder
from glia.training import checkpoint
from glia.training.checkpoint import Checkpoint

EACH_ONCE = ("random", "bayes", "tpe", "gp")  # methods that try each of a few combinations once
IN_PARTS = ("halving", "asha", "pbt")  # methods whose trials go on from where they were left
FIRST_ROUND, FIRST_OF_FAST = 16, 64  # networks
MOST_AT_ONCE = 256
SECONDS_OF_A_ROUND = 30.0  # about: between two looks at who is to be trained next
SECONDS_TO_WAIT = 0.5  # for trials of other processes
CHECKPOINTS = "checkpoints"


class Search:
    """A study while this process works on it.

    Args:
        recorder: of the study.
        plan: how it searches.
        workshop: where its trials are trained.
        display: None takes what suits the place.
        ends_as: state and reason when nothing is left to train; only what is `done` is concluded.
    """

    def __init__(
        self,
        recorder: StudyRecorder,
        plan: Plan,
        workshop: Workshop,
        display: Display | None = None,
        *,
        ends_as: tuple[Written, str] = ("done", "searched"),
    ) -> None:
        self.recorder, self.plan, self.workshop = recorder, plan, workshop
        self.run = Run(recorder.folder, recorder=recorder)
        self.ledger = Ledger(recorder, plan)
        self._display, self._ends_as = display or choose(), ends_as
        self._states: dict[int, tuple[Checkpoint, ...]] = {}
        self._best: tuple[Trial, Learner] | None = None
        self._before: Trial | None = None  # the best that other processes have trained
        self._at_once = max(1, (FIRST_OF_FAST if workshop.trains_fast else FIRST_ROUND) // plan.folds)
        self._ended = 0
        self._signalled: Callable[[], bool] = lambda: False

    def hold(self) -> Run:
        """Search to the end; after Ctrl-C what there is.

        Raises:
            TrainingError: no trial came to an end.
        """
        self.started = time.perf_counter()
        told = "Stopping after this epoch; the study can be gone on with. Once more leaves at once."
        with (
            self.run,
            capture(self.run.folder),
            asked_to_stop(lambda _: self._display.say(told)) as self._signalled,
        ):
            self._open()
            try:
                self._search()
                if self._stops():
                    self.run.end("stopped", self.recorder.stop_heard or "interrupted")
                elif self._ends_as[0] != "done":
                    self.run.end(*self._ends_as)
                else:
                    self._conclude()
            finally:
                self._display.close()
        return self.run

    def _open(self) -> None:
        self.recorder.state("running")
        named = f"Study {self.run.name} ({self.run.id[:6]}) in project {self.run.project}"
        what = "trials by hand" if self.ledger.method is None else f"{self.plan.method} search"
        self._display.say(f"{named}; {what} for {self.plan.metric}; split {self.workshop.rule}")
        for said in self.workshop.said:
            self._display.say(f"Note: {said}")
        combinations = self.plan.space.size if self.plan.method in EACH_ONCE else math.inf
        if combinations <= FEW and combinations < (self.plan.trials or 0):
            self._display.say(f"There are {combinations:.0f} combinations of these values; each is tried once.")
        self.ledger.take_up()
        trials = self.ledger.trials()
        self._ended = sum(not each.pending for each in trials)
        self._before = next(iter(best_first(trials, self.plan.direction)), None)

    def _search(self) -> None:
        while not self._ends():
            claims = self.ledger.claim(self._at_once)
            if claims:
                self._train(claims)
            elif self.ledger.method is not None and any(each.pending for each in self.ledger.trials()):
                time.sleep(SECONDS_TO_WAIT)  # another process works on them
            else:
                return
            if self.run.state != "running":  # another process has left
                self.recorder.state("running")

    def _train(self, claims: Sequence[Claim]) -> None:
        begun, in_parts = time.perf_counter(), self.plan.method in IN_PARTS
        works = []
        for claim in claims:
            try:
                works.append((claim, self._work(claim)))
            except GliaError as error:
                self._hear(claim, Result(summary={}, folds=(), learners=(), reason=str(error), failed=True))
        states = self.workshop.train([work for _, work in works], self._ends, states=in_parts)
        for claim, work in works:
            if work in states:
                self._keep_states(claim, states[work])
        self._keep_best()
        seconds = time.perf_counter() - begun
        wanted = round(len(claims) * SECONDS_OF_A_ROUND / max(seconds, 1e-3))
        self._at_once = max(1, min(wanted, 4 * self._at_once, MOST_AT_ONCE))

    def _work(self, claim: Claim) -> Work:
        proposal = claim.proposal
        recipe = self.workshop.recipe.with_settings(proposal.settings)
        states: Sequence[Checkpoint] = ()
        if claim.goes_on:
            try:
                states = self._states_of(proposal.number)
            except NotFoundError:  # its process died before they were written: the same again from the beginning
                claim.log.rewind(0)
        elif proposal.parent is not None:
            states = self._inherited(claim, proposal.parent)
        told = partial(self._hear, claim)
        return Work(recipe=recipe, log=claim.log, told=told, epochs=proposal.epochs, states=states)

    def _hear(self, claim: Claim, result: Result) -> None:
        """A trial has ended, or a part of it."""
        self._ended += 1
        number, metric = claim.proposal.number, self.plan.metric
        value = result.summary.get(metric, math.nan)
        if result.failed:
            claim.log.end("failed", result.reason)
            self._display.say(f"trial {number} failed: {result.reason}")
        elif result.reason == "stopped":
            claim.log.end("stopped", "the budget is used up" if not self._stops() else "interrupted")
        elif not math.isfinite(value):
            claim.log.end("failed", f"{metric} is {value}")
        else:
            values = [fold[metric] for fold in result.folds]
            self.ledger.done(claim, value, values=values, summary=result.summary)
            self._consider(claim, value, result)
        self._show()

    def _consider(self, claim: Claim, value: float, result: Result) -> None:
        """Remember the learner of the best trial so far."""
        trial = Trial(number=claim.proposal.number, settings=claim.proposal.settings, state="done", value=value)
        held = self._best and self._best[0]
        rivals = sorted((each for each in (held, trial) if each is not None), key=lambda each: each.number)
        goes_on = held is not None and held.number == trial.number  # better or worse: this is what it has come to
        if goes_on or best_first(rivals, self.plan.direction)[0] is trial:
            others = [each for each in (self._before, held) if each is not None]
            improved = best_first([*others, trial], self.plan.direction)[0] is trial
            improved = improved and all(each.value != value for each in others)
            self._best = (trial, result.learners[0])
            if improved:
                self._display.say(f"trial {trial.number}: {self.plan.metric} {value:.4g}, the best so far")

    def _show(self) -> None:
        spent, total = time.perf_counter() - self.started, self.plan.trials
        best = f"  best {self._best[0].value:.4g} (trial {self._best[0].number})" if self._best else ""
        share = spent / self.plan.budget_seconds
        left = self.plan.budget_seconds - spent
        if total:
            by_trials = self._ended / total
            share = max(share, by_trials)
            left = min(left, spent / by_trials - spent)
        of = f" of {total}" if total else ""
        more = f"  {duration(max(left, 0.0))} left" if math.isfinite(left) else ""
        self._display.show(f"trial {self._ended}{of}{best}{more}", min(share, 1.0))

    def _keep_best(self) -> None:
        """Keep the learner of the best trial in its folder, and of no other; trained in parts it has checkpoints."""
        if self._best is None or self.plan.folds > 1 or self.plan.method in IN_PARTS:
            return
        ranked = best_first(self.ledger.trials(), self.plan.direction)
        if not ranked or ranked[0].number != self._best[0].number:
            return  # it is of another process, or from before
        folder = self._folder(self._best[0].number) / "model"
        if folder.exists():
            return
        for other in self.recorder.folder.glob("trials/*/model"):
            rmtree(other, ignore_errors=True)
        with suppress(OSError):  # a full disk: it is kept at the end, or trained again
            self._best[1].save(folder)

    def _conclude(self) -> None:
        """What the search found."""
        trials = self.ledger.trials()
        ranked = best_first(trials, self.plan.direction)
        if not ranked:
            first = next((each.reason for each in trials if each.reason), "")
            why = f" The first of them: {first}" if first else ""
            raise TrainingError(f"None of the {len(trials)} trials of study '{self.run.name}' came to an end.{why}")
        best = ranked[0]
        found = findings(
            trials,
            metric=self.plan.metric,
            direction=self.plan.direction,
            ratio=self.workshop.ratio,
            retrained=self._again(best),
        )
        before = kept(self.recorder.folder)
        if before.best == best.number and before.test is not None:
            test = before.test  # has been looked at, and the winner is the same
        else:
            test = self._judged(self._winner(best))
        conclude(self.run, self.recorder, self.plan, trials, found, test)
        spent = time.perf_counter() - self.started
        self.run.end("done", "budget" if spent > self.plan.budget_seconds else self._ends_as[1])

    def _again(self, best: Trial) -> list[float]:
        """The metric of the best trial, trained again from other seeds."""
        known = self.ledger.repetitions(best.number)
        missing = self.plan.again - sum(not each.pending for each in known)
        if missing > 0 and not self._stops():
            self._display.say(f"Training trial {best.number} again from {missing} other seeds")
            seed = self.workshop.recipe.with_settings(best.settings).train.seed
            claims = [
                self.ledger.repeat(best, {**best.settings, "train.seed": seed + 1 + number})
                for number in range(len(known), len(known) + missing)
            ]
            works = [replace(self._work(claim), told=partial(self._hear_again, claim)) for claim in claims]
            self.workshop.train(works, self._stops)
        return [each.score for each in self.ledger.repetitions(best.number) if each.score is not None]

    def _hear_again(self, claim: Claim, result: Result) -> None:
        value = result.summary.get(self.plan.metric, math.nan)
        if result.reason == "stopped":
            claim.log.end("stopped", "interrupted")
        elif result.failed or not math.isfinite(value):
            claim.log.end("failed", result.reason)
        else:
            self.ledger.done(claim, value, summary=result.summary)

    def _winner(self, best: Trial) -> Learner:
        """The best trial's learner; of folds one for the recipe's own split."""
        folder, recipe = self._folder(best.number) / "model", self.workshop.recipe.with_settings(best.settings)
        in_parts, of_whole = self.plan.method in IN_PARTS, self.plan.folds == 1
        learner = self._as_left(recipe, best) if in_parts and of_whole else None
        held = self._best if of_whole and self._best is not None and self._best[0].number == best.number else None
        if learner is None and held is not None and held[0].value == best.value:
            learner = held[1]
        if learner is None and not in_parts and (folder / "learner.json").is_file():
            return Learner.load(folder)
        if learner is None:
            learner = self.workshop.whole(recipe)
            learner.train(listen=EventWriter(self.recorder.trial(best.number), learner.task.directions, "whole/"))
        learner.save(folder)
        return learner

    def _as_left(self, recipe: Recipe, trial: Trial) -> Learner | None:
        """The learner of a trial as its last part left it; None if that was not kept."""
        try:
            [state] = self._states_of(trial.number)
        except NotFoundError:
            return None
        return self.workshop.as_left(recipe, state)

    def _judged(self, learner: Learner) -> dict[str, float]:
        """The winner on the test part: the only look at it that a search takes."""
        learner.save(self.recorder.folder / "model")
        note_weights(self.recorder, self.recorder.folder / "model", "model")
        dataset, data = self.workshop.dataset, self.workshop.recipe.data
        test = divide(dataset, data.split, data.seed).test
        if not len(test):
            return {}
        found = learner.evaluate(dataset, rows=test)
        self.run.log({f"test/{name}": value for name, value in found.items()})
        return found

    def _keep_states(self, claim: Claim, states: Sequence[Checkpoint]) -> None:
        number = claim.proposal.number
        self._states[number] = tuple(states)
        for fold, state in enumerate(states):
            with suppress(OSError):  # it is in memory still
                checkpoint.write(self._folder(number) / CHECKPOINTS / str(fold), state)

    def _inherited(self, claim: Claim, parent: int) -> tuple[Checkpoint, ...]:
        """The parent's as they are when its child is begun, kept with the child: the parent itself goes on."""
        try:
            return self._states_of(claim.proposal.number)
        except NotFoundError:
            self._keep_states(claim, self._states_of(parent))
            return self._states[claim.proposal.number]

    def _states_of(self, number: int) -> tuple[Checkpoint, ...]:
        """The furthest there are: another process may have gone on with it."""
        folder, known = self._folder(number) / CHECKPOINTS, self._states.get(number)
        try:
            found = tuple(checkpoint.read(folder / str(fold)) for fold in range(self.plan.folds))
        except NotFoundError:
            if known is None:
                raise
            return known
        return found if known is None or found[0].epoch > known[0].epoch else known

    def _folder(self, number: int) -> Path:
        return self.recorder.folder / "trials" / str(number)

    def _ends(self) -> bool:
        """Whether nothing more is to be trained."""
        return self._stops() or time.perf_counter() - self.started > self.plan.budget_seconds

    def _stops(self) -> bool:
        return self._signalled() or bool(self.recorder.stop_asked)
