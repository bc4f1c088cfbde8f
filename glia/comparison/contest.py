"""The fits of a comparison: every learner on the samples of every round, one after the other.

Rounds are outermost, so that at any moment all learners have been judged on nearly the same samples.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import Tensor

from glia.comparison.contestants import Contestant
from glia.comparison.rounds import SEEDS_APART, Round
from glia.data.dataset import Dataset
from glia.errors import GliaError
from glia.learner import Learner
from glia.training.loop import Control


@dataclass(frozen=True, eq=False)
class Fit:
    """One learner, fitted and judged in one round.

    Attributes:
        learner: its name.
        round: number of the round, from 0.
        metrics: on the samples judged.
        seconds: to prepare the samples and fit.
        prediction_seconds: of one sample, among all those judged.
        cut_short: whether the budget ended it before it was done.
        task: which `outputs` and `targets` belong to.
        outputs: of the samples judged.
        targets: likewise, as the task encodes them.
        size: bytes of the fitted learner as it is saved; 0 where it was not asked for.
    """

    learner: str
    round: int
    metrics: dict[str, float]
    seconds: float
    prediction_seconds: float
    cut_short: bool
    task: Any = field(repr=False)
    outputs: Tensor = field(repr=False)
    targets: Tensor = field(repr=False)
    size: int = 0


def judges(fit: Fit, metric: str) -> bool:
    """Whether a metric is defined on the samples judged: there is no R² of one."""
    return math.isfinite(fit.metrics.get(metric, math.nan))


@dataclass(frozen=True)
class Failure:
    """A learner that could not be fitted or judged, and takes no further part."""

    learner: str
    round: int
    reason: str


@dataclass(frozen=True)
class OutOfTime:
    """A learner that has used its budget, and takes no further part."""

    learner: str
    round: int


Outcome = Fit | Failure | OutOfTime


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What ends a comparison before its time."""

    budget_seconds: float = math.inf  # of each learner, for all its fits together
    should_stop: Callable[[], bool] = lambda: False


class Contest:
    """All fits of all learners, one after the other.

    Args:
        dataset: all samples.
        contestants: who takes part.
        rounds: what is learned from and judged on.
        seed: of what is random in learners; another one in every round.
        limits: when to end.
    """

    def __init__(
        self,
        dataset: Dataset,
        contestants: Sequence[Contestant],
        rounds: Sequence[Round],
        *,
        seed: int,
        limits: Limits,
    ) -> None:
        self.dataset, self.rounds, self.seed, self.limits = dataset, rounds, seed, limits
        self.taking_part = list(contestants)
        self._left = {contestant.name: limits.budget_seconds for contestant in contestants}

    def outcomes(self) -> Iterator[Outcome]:
        """Each as soon as it is there, so that nothing of it is lost; fewer where it is to stop."""
        for number in range(len(self.rounds)):
            for contestant in tuple(self.taking_part):
                if self.limits.should_stop() or (outcome := self._outcome(contestant, number)) is None:
                    return
                if not isinstance(outcome, Fit):
                    self.taking_part.remove(contestant)
                yield outcome

    def _outcome(self, contestant: Contestant, number: int) -> Outcome | None:
        """What came of one fit; None where it was stopped."""
        left = self._left[contestant.name]
        if left <= 0:
            return OutOfTime(contestant.name, number)
        # What a fit leaves of its share is there for the fits after it.
        limits = replace(self.limits, budget_seconds=left / (len(self.rounds) - number))
        try:
            fit = fitted(contestant, self.dataset, self.rounds[number], number=number, seed=self.seed, limits=limits)
        except Exception as error:  # whatever fails in one learner must not end the others
            said = str(error) if isinstance(error, GliaError) else f"{type(error).__name__}: {error}"
            return Failure(contestant.name, number, said)
        if fit is not None:
            self._left[contestant.name] -= fit.seconds
        return fit


def fitted(
    contestant: Contestant, dataset: Dataset, each: Round, *, number: int, seed: int, limits: Limits
) -> Fit | None:
    """One fit, judged; None where it was stopped.

    Raises:
        GliaError: the learner cannot be fitted to these samples, or cannot judge those.
    """
    samples = dataset[each.learned]
    begun = time.perf_counter()
    learner = learned_by(contestant, samples, seed=SEEDS_APART * seed + number, limits=limits)
    if learner is None:
        return None
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    outputs, targets = learner.outputs(dataset, rows=each.judged)
    predicting = time.perf_counter() - begun
    return Fit(
        learner=contestant.name,
        round=number,
        metrics=dict(learner.task.metrics(outputs, targets)),
        seconds=seconds,
        prediction_seconds=predicting / len(each.judged),
        cut_short=learner.fitted.reason == "budget",
        task=learner.task,
        outputs=outputs.cpu(),
        targets=targets.cpu(),
        size=_bytes(learner) if number == 0 else 0,
    )


def learned_by(contestant: Contestant, samples: Dataset, *, seed: int, limits: Limits) -> Learner | None:
    """The learner of a contestant, fitted; None where it was stopped.

    Raises:
        GliaError: it cannot be fitted to these samples.
    """
    if contestant.classical:  # what the data sets aside for validation is to learn from, too
        samples = replace(samples, official=None)
    begun = time.perf_counter()
    learner = contestant.learner(seed).prepare(samples)
    spent = time.perf_counter() - begun
    control = Control(should_stop=limits.should_stop, budget_seconds=max(limits.budget_seconds - spent, 1e-3))
    learner.train(control=control)
    return None if learner.fitted.reason == "stopped" else learner


def _bytes(learner: Learner) -> int:
    with TemporaryDirectory() as folder:
        return sum(path.stat().st_size for path in learner.save(Path(folder) / "learner").iterdir())
