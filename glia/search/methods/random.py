"""Random search.

Paper      Bergstra & Bengio, 2012, *Random search for hyper-parameter optimization*. JMLR 13.
           https://www.jmlr.org/papers/v13/bergstra12a.html

Where few settings matter, a grid tries few values of these, and random points as many as there are trials. The chance
that the best of n trials is among the best share s of all points is 1 - (1 - s)^n, whatever the space.

Of a few choices each combination is tried once, and when there are no others the search is over: again it would come to
the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from glia.config import Plain
from glia.search.draws import FEW, distinct_settings, random_settings
from glia.search.methods.method import Brief
from glia.search.trials import Proposal, Trial, next_number


@dataclass(frozen=True)
class Random:
    """Points drawn on their own of each other: each is a function of the seed and the trial's number."""

    brief: Brief

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """The next draws."""
        space, seed, first = self.brief.space, self.brief.seed, next_number(trials)
        numbers = range(first, first + self.brief.remaining(first, count))
        if space.size <= FEW:
            drawn = self._combinations
            return [Proposal(number=number, settings=drawn[number]) for number in numbers if number < len(drawn)]
        return [Proposal(number=number, settings=random_settings(space, seed, number)) for number in numbers]

    @cached_property
    def _combinations(self) -> list[Plain]:
        return distinct_settings(self.brief.space, self.brief.seed)
