"""Bayesian search: where the next trial would teach most, by a model of those there are.

Papers     Snoek, Larochelle & Adams, 2012, *Practical Bayesian optimization*. https://arxiv.org/abs/1206.2944
           Bergstra et al., 2011, *Algorithms for hyper-parameter optimization* (TPE).
           Shahriari et al., 2016, *Taking the human out of the loop*. https://doi.org/10.1109/JPROC.2015.2494218
Samplers   Optuna's, by ask and tell: a Gaussian process with expected improvement, or tree-structured Parzen
           estimators (TPE).

A quarter of the trials is random. The others come in batches, asked all at once they would be random, too: a trial
is chosen knowing all trials before its batch, and that those before it in its batch are going on. The sampler is made
anew for each trial and seeded by (study, number), so it does not matter how many are asked for at a time, nor whether
the process died in between. Of a few choices each combination is tried once, as in random search.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from glia.config import Plain
from glia.nn.seeds import stream_seed
from glia.search.dimensions import Range
from glia.search.draws import FEW, distinct_settings, random_settings
from glia.search.methods.method import Brief
from glia.search.space import Dimension
from glia.search.trials import Proposal, Trial, best_first, next_number

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    Distribution = CategoricalDistribution | FloatDistribution | IntDistribution

FEWEST_RANDOM = 10  # where it is not known how many trials there will be
SMALLEST_BATCH = 4
MOST_DIMENSIONS = 10  # of a Gaussian process: beyond, distances tell little
MOST_TRIALS = 500  # likewise: its cost grows with their cube

Sampler = Literal["auto", "tpe", "gp"]


@dataclass(frozen=True)
class Bayesian:
    """Random trials, then those that Optuna's sampler asks for.

    Args:
        brief: of the study.
        sampler: `gp`, `tpe`, or `auto`: the Gaussian process for at most 10 settings without conditions and at most 500
            trials, else Parzen estimators.
        others: trials by hand, each with how many trials of the search came before it as its number; a batch knows
            those that were there before it.
    """

    brief: Brief
    sampler: Sampler = "auto"
    others: tuple[Trial, ...] = ()

    @property
    def randoms(self) -> int:
        """How many trials are drawn at random first."""
        return FEWEST_RANDOM if self.brief.trials is None else max(1, self.brief.trials // 4)

    @property
    def batch(self) -> int:
        """How many trials are chosen knowing the same of those before."""
        return max(SMALLEST_BATCH, (self.brief.trials or 0) // 8)

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """The next of the random ones, or of the batch; none if a whole batch is going on already."""
        numbers = self._numbers(trials, count)
        if self.brief.space.size > FEW:
            return self._chosen(trials, numbers)
        found: list[Proposal] = []
        for number in numbers:
            going_on = (Trial(number=each.number, settings=each.settings, state="running") for each in found)
            known = [*trials, *going_on]
            [chosen] = self._chosen(known, range(number, number + 1))
            tried = [each.settings for each in (*known, *self.others)]
            untried = (each for each in (chosen.settings, *self._combinations) if each not in tried)
            settings = next(untried, None)
            if settings is None:
                break
            found.append(replace(chosen, settings=settings))
        return found

    def _numbers(self, trials: Sequence[Trial], count: int) -> range:
        """Those of the trials that may be begun."""
        first = next_number(trials)
        count = self.brief.remaining(first, count)
        if first < self.randoms:
            return range(first, min(first + count, self.randoms))
        going_on = sum(each.pending for each in trials)
        return range(first, min(first + count, self._begin(first) + self.batch, first + self.batch - going_on))

    def _begin(self, number: int) -> int:
        """The first number of the batch that this one is in."""
        return number - (number - self.randoms) % self.batch

    def _chosen(self, trials: Sequence[Trial], numbers: range) -> list[Proposal]:
        """What is tried next, all of it random or of one batch."""
        begin = self._begin(numbers.start)
        known = best_first([each for each in trials if each.number < begin], self.brief.direction)
        if numbers.start < self.randoms or not known:
            return [self._random(number) for number in numbers]
        with _quiet():
            return list(self._asked(trials, begin, numbers))

    @cached_property
    def _combinations(self) -> list[Plain]:
        return distinct_settings(self.brief.space, self.brief.seed)

    def _random(self, number: int) -> Proposal:
        return Proposal(number=number, settings=random_settings(self.brief.space, self.brief.seed, number))

    def _asked(self, trials: Sequence[Trial], begin: int, numbers: range) -> Iterator[Proposal]:
        import optuna

        space = self.brief.space
        study = optuna.create_study(direction="maximize" if self.brief.direction == "higher" else "minimize")
        study.add_trials(self._told(trials, begin))
        for number in numbers:
            study.sampler = self._fresh(number)
            trial = study.ask()
            active: Plain = {}
            for each in space.ordered:
                if space.is_active(each, active):
                    active[each.key] = _suggested(trial, each)
            yield Proposal(number=number, settings=space.settings(active))

    def _fresh(self, number: int) -> "optuna.samplers.BaseSampler":
        import optuna

        space = self.brief.space
        seed = stream_seed(self.brief.seed, "bayes", number) % 2**32
        suits = len(space) <= MOST_DIMENSIONS and not space.conditional and number < MOST_TRIALS
        if self.sampler == "gp" or (self.sampler == "auto" and suits):
            return optuna.samplers.GPSampler(seed=seed, n_startup_trials=1, warn_independent_sampling=False)
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=1, group=space.conditional)

    def _told(self, trials: Sequence[Trial], begin: int) -> "Iterator[optuna.trial.FrozenTrial]":
        """The trials as Optuna's: those of the batch as going on, what failed as the worst, not to be tried again."""
        import optuna

        others = [each for each in self.others if each.number <= begin and not each.pending]

        states, space = optuna.trial.TrialState, self.brief.space
        worst = best_first([each for each in trials if each.number < begin], self.brief.direction)[-1].score
        told = [(each, each.pending or each.number >= begin) for each in trials]
        for each, goes_on in (*told, *((other, False) for other in others)):
            # Of what was tried outside the space, before it was changed, or stopped by somebody, nothing is told.
            if not space.holds(each.settings) or (each.state == "stopped" and not goes_on):
                continue
            dimensions = [space[key] for key in each.settings]
            yield optuna.trial.create_trial(
                state=states.RUNNING if goes_on else states.COMPLETE,
                value=None if goes_on else (worst if each.score is None else each.score),
                params={one.key: _coded(one, each.settings[one.key]) for one in dimensions},
                distributions={one.key: _distribution(one) for one in dimensions},
            )


def tpe(brief: Brief) -> Bayesian:
    """With tree-structured Parzen estimators, whatever the space."""
    return Bayesian(brief, "tpe")


def gp(brief: Brief) -> Bayesian:
    """With a Gaussian process, whatever the space; settings under a condition are drawn at random."""
    return Bayesian(brief, "gp")


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna's messages about its studies, and about what it calls experimental, are not for Glia's users.

    One thread: of matrices as small as these many threads take five times as long, and may round otherwise.
    """
    import optuna
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def _distribution(dimension: Dimension) -> "Distribution":
    """Numbers as they are; what has gaps by the place among its values; choices without an order as categories."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    values = dimension.values
    if not values.ordered:
        return CategoricalDistribution(range(int(values.size)))
    if not isinstance(values, Range) or values.listed:
        return IntDistribution(0, int(values.size) - 1)
    if values.whole:
        return IntDistribution(int(values.low), int(values.high), log=values.log)
    return FloatDistribution(values.low, values.high, log=values.log)


def _suggested(trial: "optuna.Trial", dimension: Dimension) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    found, key = _distribution(dimension), dimension.key
    if isinstance(found, CategoricalDistribution):
        return dimension.values.at(int(trial.suggest_categorical(key, found.choices) or 0))
    if isinstance(found, FloatDistribution):
        return trial.suggest_float(key, found.low, found.high, log=found.log)
    number = trial.suggest_int(key, found.low, found.high, log=found.log)
    return dimension.values.at(number) if dimension.values.listed else number


def _coded(dimension: Dimension, value: Any) -> Any:
    return dimension.values.index(value) if dimension.values.listed else value
