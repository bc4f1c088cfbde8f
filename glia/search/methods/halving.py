"""Successive halving: many trials a little, the best of them longer.

Papers     Jamieson & Talwalkar, 2016, *Non-stochastic best arm identification*. https://arxiv.org/abs/1502.07943
           Li et al., 2020, *A system for massively parallel hyperparameter tuning* (ASHA).
           https://arxiv.org/abs/1810.05934
We differ  no brackets (Hyperband): one, from `least` epochs on.

A *rung* is a number of epochs. `Halving` waits until all trials have reached a rung and takes the best third of them
to the next, which suits trials that are trained in one stack. `Asha` waits for nobody: whoever is free takes up a trial
that is among the best third of those that have reached its rung by now, else a new one; for trials as jobs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from glia.errors import ConfigError
from glia.search.draws import random_settings
from glia.search.methods.method import Brief
from glia.search.trials import Proposal, Trial, next_number

FACTOR = 3


@dataclass(frozen=True)
class _InRungs:
    """A method whose trials are trained from rung to rung.

    Args:
        brief: with `epochs`, the last rung, and `trials`, how many are begun in all.
        factor: one of so many goes on, for so many times the epochs.
        least: epochs of the first rung, or fewer by less than the factor.

    Raises:
        ConfigError: it is not known how long a trial may be trained, or that is varied.
    """

    brief: Brief
    factor: int = FACTOR
    least: int = 1
    rungs: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        most = self.brief.most_epochs(type(self).__name__.lower())
        object.__setattr__(self, "rungs", _rungs(most, self.least, self.factor))


class Halving(_InRungs):
    """Synchronous: a rung is finished before the next begins.

    Without `trials` so many are begun that one of them reaches the last rung.
    """

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """What the present rung still lacks."""
        known = {each.number: each for each in trials}
        begun = self.brief.trials or self.factor ** (len(self.rungs) - 1)
        members = list(range(begun))
        for place, epochs in enumerate(self.rungs):
            missing = [number for number in members if number not in known or (known[number].epochs or 0) < epochs]
            if missing:
                return [self._proposal(known.get(number), number, epochs) for number in missing[:count]]
            reached = [known[number] for number in members if known[number].at(epochs) is not None]
            if any(not known[number].is_out(epochs) and known[number].at(epochs) is None for number in members):
                return []  # somebody is still on the way
            quota = max(1, begun // self.factor ** (place + 1))
            members = sorted(each.number for each in _best(reached, epochs, self.brief)[:quota])
        return []

    def _proposal(self, trial: Trial | None, number: int, epochs: int) -> Proposal:
        settings = random_settings(self.brief.space, self.brief.seed, number) if trial is None else trial.settings
        return Proposal(number=number, settings=dict(settings), epochs=epochs)


class Asha(_InRungs):
    """Asynchronous: nobody waits."""

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """Trials that may go on, the furthest first, then new ones."""
        found = self._promoted(trials)[:count]
        first = next_number(trials)
        new = self.brief.remaining(first, count - len(found))
        for number in range(first, first + new):
            settings = random_settings(self.brief.space, self.brief.seed, number)
            found.append(Proposal(number=number, settings=settings, epochs=self.rungs[0]))
        return found

    def _promoted(self, trials: Sequence[Trial]) -> list[Proposal]:
        found = []
        for epochs, further in reversed(list(zip(self.rungs, self.rungs[1:], strict=False))):
            reached = [each for each in trials if each.at(epochs) is not None]
            for each in _best(reached, epochs, self.brief)[: len(reached) // self.factor]:
                if (each.epochs or 0) <= epochs and each.state == "done":
                    found.append(Proposal(number=each.number, settings=dict(each.settings), epochs=further))
        return found


def _rungs(most: int, least: int, factor: int) -> tuple[int, ...]:
    """Epochs of the rungs: the last is `most`, each before it a `factor`-th, as long as that is `least` or more.

    Example:
        >>> _rungs(27, 1, 3), _rungs(20, 2, 3), _rungs(1, 1, 3)
        ((1, 3, 9, 27), (2, 7, 20), (1,))
    """
    if factor < 2 or least < 1:
        raise ConfigError(f"Halving needs a factor from 2 and at least 1 epoch, not factor={factor}, least={least}.")
    rungs = [most]
    while round(most / factor ** len(rungs)) >= least and round(most / factor ** len(rungs)) < rungs[-1]:
        rungs.append(round(most / factor ** len(rungs)))
    return tuple(reversed(rungs))


def _best(reached: Sequence[Trial], epochs: int, brief: Brief) -> list[Trial]:
    """From best to worst after so many epochs; of equal ones the earlier first."""
    sign = -1 if brief.direction == "higher" else 1
    return sorted(reached, key=lambda each: (sign * (each.at(epochs) or 0.0), each.number))
