"""Where trials are trained: the samples of a study, divided and prepared once, and the networks of many trials as one.

Letters    N samples prepared, of every fold one after the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np
import torch
from torch import Tensor

from glia.data import splits
from glia.data.dataset import Dataset
from glia.data.splits import Division
from glia.errors import DataError, GliaError
from glia.learner import Learner
from glia.learner.several import individuals, networks_of
from glia.models.samples import AtOnce
from glia.recipe import DataRecipe, Recipe
from glia.record.writing import EventWriter, Log
from glia.training.checkpoint import Checkpoint
from glia.training.epochs import Epochs
from glia.training.events import Event, FitDone
from glia.training.loop import Control
from glia.training.population.individuals import Individual, Outcome
from glia.training.population.together import fit_together
from glia.training.threads import is_small

FEW = 10_000  # samples

Told = Callable[["Result"], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """A trial to be trained.

    Attributes:
        recipe: what is trained.
        log: where its events are written.
        told: hears of its result as soon as it is there.
        epochs: stop after so many, although the recipe has more.
        states: where each fold was left, to go on from.
    """

    recipe: Recipe
    log: Log
    told: Told
    epochs: int | None = None
    states: Sequence[Checkpoint] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """What came of a trial.

    Attributes:
        summary: the metrics of the epochs kept, means over the folds.
        folds: the same of each fold.
        learners: of each fold; none where it failed.
        reason: how training ended; why it failed.
        failed: whether it did.
    """

    summary: dict[str, float]
    folds: tuple[dict[str, float], ...]
    learners: tuple[Learner, ...]
    reason: str
    failed: bool = False


class Workshop:
    """The samples of a study.

    Args:
        recipe: from which the trials' recipes differ.
        dataset: with its target.
        folds: 1: the recipe's own split.
        seed: of the folds.

    Raises:
        GliaError: samples that cannot be prepared, or none to validate by.
    """

    def __init__(self, recipe: Recipe, dataset: Dataset, *, folds: int, seed: int) -> None:
        self.dataset, self.folds, self.seed = dataset, folds, seed
        self._benches: dict[DataRecipe, _Bench] = {}
        self.recipe = recipe
        bench = self._bench(recipe)
        self.task, self.said, self.rule = bench.bases[0].task, bench.said, bench.rule
        self.recipe = bench.bases[0].recipe

    @property
    def ratio(self) -> float:
        """Samples judged by samples learned from, of one fold; 0 without folds."""
        if self.folds == 1:
            return 0.0
        divisions = [base.division for base in self._bench(self.recipe).bases]
        return float(np.mean([len(each.validation) / len(each.train) for each in divisions]))

    @property
    def trains_fast(self) -> bool:
        """Whether a network of the recipe, not yet varied, is small and has few samples: a second will do."""
        base = self._bench(self.recipe).bases[0]
        size, count = base.recipe.train.batch_size, len(base.division.train)
        few = count <= FEW and not isinstance(base.model, AtOnce)
        return few and is_small(base.model, count if size == "all" else size)

    def accept(self, recipe: Recipe) -> None:
        """Refuse a recipe that cannot be trained on these samples.

        Raises:
            GliaError: why.
        """
        self._bench(recipe).bases[0].varied(recipe)

    def whole(self, recipe: Recipe) -> Learner:
        """A learner for the recipe's own split, whatever the folds."""
        return Learner(recipe).prepare(self.dataset)

    def as_left(self, recipe: Recipe, state: Checkpoint) -> Learner:
        """The learner of a trial without folds whose training was left at `state`: with the weights kept so far."""
        learner = self._bench(recipe).bases[0].varied(recipe)
        learner.adapt()
        epochs = Epochs(recipe.train, max(1, state.step // max(1, state.epoch)))
        epochs.restore(state.epoch, state.progress["epochs"])
        learner.model.load_state_dict(state.best if epochs.kept == epochs.best and state.best else state.model)
        seconds = float(state.progress["seconds"])
        return learner.settle(FitDone("epochs", state.epoch, state.step, epochs.kept, seconds, epochs.of_kept))

    def train(self, works: Sequence[Work], should_stop: Callable[[], bool], *, states: bool = False) -> "States":
        """Train trials, those that can be as one program; `told` of each hears what came of it.

        Args:
            works: the trials.
            should_stop: asked by every network after every epoch.
            states: whether to give back what each trial goes on from.
        """
        groups: dict[DataRecipe, list[Work]] = {}
        for work in works:
            groups.setdefault(_samples_of(work.recipe), []).append(work)
        found: States = {}
        for group in groups.values():
            try:
                bench = self._bench(group[0].recipe)
            except GliaError as error:
                for work in group:
                    work.told(_failure(error))
                continue
            found |= bench.train(group, should_stop, states=states)
        return found

    def _bench(self, recipe: Recipe) -> "_Bench":
        key = _samples_of(recipe)
        if key not in self._benches:
            self._benches[key] = _Bench(recipe, self.dataset, self.folds, self.seed)
        return self._benches[key]


States = dict[Work, tuple[Checkpoint, ...]]


class _Bench:
    """The samples of one `[data]`, and a learner for each fold from which those of the trials are varied."""

    def __init__(self, recipe: Recipe, dataset: Dataset, folds: int, seed: int) -> None:
        first = Learner(recipe).prepare(dataset)
        said = (*dataset.said, *first.division.said, *first.preprocessing.said)
        self.bases, self.rule = [first], first.division.rule
        if folds > 1:
            divisions = _folds(dataset, first.division, folds, seed, by=recipe.data.split.by)
            self.bases = [Learner(recipe).prepare(dataset, division=each) for each in divisions]
            self.rule = divisions[0].rule.replace("fold 1 of", "folds:")
        if not len(self.bases[0].division.validation):
            raise DataError(
                f"{dataset.title} has no samples to validate by, and a search would choose what remembers the samples "
                "it learns from best. Give data.split.validation a share, or use folds."
            )
        self.said = tuple(dict.fromkeys(said))
        self._shared: dict[tuple[int, ...], tuple[Tensor, Tensor]] = {}

    def train(self, works: Sequence[Work], should_stop: Callable[[], bool], *, states: bool) -> States:
        """See `Workshop.train`."""
        trials = [_Trial(work, len(self.bases)) for work in works]
        together: list[tuple[_Trial, Individual]] = []
        for trial in trials:
            try:
                learners = [base.varied(trial.work.recipe) for base in self.bases]
                trial.prepared(learners)
            except Exception as error:  # whatever fails in one trial must not end the others
                trial.fail(error)
                continue
            if isinstance(learners[0].model, AtOnce) or len(networks_of(learners[0].model)) > 1:
                trial.train_alone(should_stop)
            else:
                together += [(trial, each) for each in trial.individuals(self._firsts, should_stop)]
        outcomes = self._fit([each for _, each in together], states=states)
        found: dict[_Trial, list[Outcome]] = {}
        for (trial, _), outcome in zip(together, outcomes, strict=True):
            found.setdefault(trial, []).append(outcome)
        for trial, own in found.items():
            trial.end(own)
        kept = {trial.work: trial.states(own) for trial, own in found.items()}
        return {work: own for work, own in kept.items() if len(own) == len(self.bases)}

    def _fit(self, population: Sequence[Individual], *, states: bool) -> list[Outcome]:
        """What came of networks that stand trial by trial, of each trial fold by fold."""
        found: dict[int, Outcome] = {}
        finish = self.bases[0].finish if len(self.bases) == 1 else None
        for folds in self._alike if population else ():
            places = [place for place in range(len(population)) if place % len(self.bases) in folds]
            some = [population[place] for place in places]
            outcomes = fit_together(some, *self._samples(folds), finish=finish, states=states)
            found |= zip(places, outcomes, strict=True)
        return [found[place] for place in range(len(population))]

    @property
    def _alike(self) -> list[tuple[int, ...]]:
        """The folds whose samples are of one shape: a gap or a rare category that one has not learned makes another."""
        shapes = [base.preprocessing.shape for base in self.bases]
        return [tuple(fold for fold, its in enumerate(shapes) if its == shape) for shape in dict.fromkeys(shapes)]

    def _samples(self, folds: tuple[int, ...]) -> tuple[Tensor, Tensor]:
        """(N, …) inputs, compact; finished where there are folds, each of which has means and deviations of its own."""
        if folds not in self._shared:
            bases = [self.bases[fold] for fold in folds]
            parts = [base.tensors() for base in bases]
            if len(self.bases) > 1:
                parts = [(base.finish(part[0]), part[1]) for base, part in zip(bases, parts, strict=True)]
            self._shared[folds] = torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
        return self._shared[folds]

    @property
    def _firsts(self) -> list[int]:
        """The row with which each fold's samples begin, among those of its shape."""
        sizes = [len(base.division.train) + len(base.division.validation) for base in self.bases]
        firsts = {fold: sum(sizes[each] for each in folds if each < fold) for folds in self._alike for fold in folds}
        return [firsts[fold] for fold in range(len(sizes))]


class _Trial:
    """One trial while it is trained: a learner for each fold."""

    def __init__(self, work: Work, folds: int) -> None:
        self.work, self._folds = work, folds
        self.learners: list[Learner] = []
        self._writers: list[EventWriter] = []
        self._done: dict[int, FitDone] = {}
        self._told = False

    def prepared(self, learners: Sequence[Learner]) -> None:
        """The learners it trains; those that ask for it look at their samples."""
        self.learners = list(learners)
        directions = self.learners[0].task.directions
        for fold, learner in enumerate(self.learners, start=1):
            prefix = f"fold-{fold}/" if self._folds > 1 else ""
            self._writers.append(EventWriter(self.work.log, directions, prefix))
            if not isinstance(learner.model, AtOnce):
                learner.adapt()

    def individuals(self, firsts: Sequence[int], should_stop: Callable[[], bool]) -> list[Individual]:
        """Its networks as a population takes them."""
        found = []
        for fold, (learner, first) in enumerate(zip(self.learners, firsts, strict=True)):
            [each] = individuals(learner, self._hearing(fold), should_stop, first=first)
            state = self.work.states[fold] if self.work.states else None
            found.append(replace(each, last_epoch=self.work.epochs, state=state))
        return found

    def train_alone(self, should_stop: Callable[[], bool]) -> None:
        """Train what is no single network, fold by fold."""
        try:
            for fold, learner in enumerate(self.learners):
                learner.train(listen=self._writers[fold], control=Control(should_stop=should_stop))
                self._done[fold] = learner.fitted
        except Exception as error:  # as above
            self.fail(error)
        else:
            self._tell()

    def end(self, outcomes: Sequence[Outcome]) -> None:
        """What the population says of its networks: that one failed or never began. Their ends it has heard before."""
        failed = next((each.error for each in outcomes if each.error is not None), None)
        if failed is not None:
            self.fail(failed)
        elif not self._told:
            self._told = True
            self.work.told(Result(summary={}, folds=(), learners=(), reason="stopped"))

    def states(self, outcomes: Sequence[Outcome]) -> tuple[Checkpoint, ...]:
        """What each fold goes on from."""
        return tuple(outcome.state for outcome in outcomes if outcome.state is not None)

    def fail(self, error: Exception) -> None:
        """It ends without a result."""
        if not self._told:
            self._told = True
            self.work.told(_failure(error))

    def _hearing(self, fold: int) -> Callable[[Event], None]:
        def hear(event: Event) -> None:
            self._writers[fold](event)
            if isinstance(event, FitDone):
                self.learners[fold].settle(event)
                self._done[fold] = event
                if len(self._done) == len(self.learners):
                    self._tell()

        return hear

    def _tell(self) -> None:
        if self._told:
            return
        self._told = True
        ended = [self._done[fold] for fold in range(len(self.learners))]
        kept = [{**done.metrics, "epoch": float(done.best_epoch)} for done in ended]
        names = [name for name in kept[0] if all(name in each for each in kept)]
        summary = {name: fmean(each[name] for each in kept) for name in names}
        reason = "stopped" if self._cut_short() else "trained"
        learners = tuple(self.learners)
        self.work.told(Result(summary=summary, folds=tuple(kept), learners=learners, reason=reason))

    def _cut_short(self) -> bool:
        """Whether it was stopped before the epoch it was to stop after."""
        stopped = [done.epoch for done in self._done.values() if done.reason == "stopped"]
        return any(self.work.epochs is None or epoch < self.work.epochs for epoch in stopped)


def _samples_of(recipe: Recipe) -> DataRecipe:
    return replace(recipe.data, name="")


def _failure(error: Exception) -> Result:
    said = str(error) if isinstance(error, GliaError) else f"{type(error).__name__}: {error}"
    return Result(summary={}, folds=(), learners=(), reason=said, failed=True)


def _folds(dataset: Dataset, division: Division, count: int, seed: int, *, by: str) -> list[Division]:
    """All samples but those for testing, dealt into folds; copies and groups stay together."""
    pool = np.sort(np.concatenate([division.train, division.validation]))
    dealt = splits.folds(replace(dataset[pool], official=None), count, seed, by=by)
    return [Division(pool[each.train], pool[each.validation], division.test, each.rule, each.said) for each in dealt]
