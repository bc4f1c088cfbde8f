"""Random search.

Paper      Bergstra & Bengio, 2012, *Random search for hyper-parameter optimization*. JMLR 13.
           https://www.jmlr.org/papers/v13/bergstra12a.html

Where few settings matter, a grid tries few values of these, and random points as many as there are trials. The chance
that the best of n trials is among the best share s of all points is 1 - (1 - s)^n, whatever the space.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from glia.search.draws import random_settings
from glia.search.methods.method import Brief
from glia.search.trials import Proposal, Trial, next_number


@dataclass(frozen=True)
class Random:
    """Points drawn on their own of each other: each is a function of the seed and the trial's number."""

    brief: Brief

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """The next draws."""
        first = next_number(trials)
        return [
            Proposal(number=number, settings=random_settings(self.brief.space, self.brief.seed, number))
            for number in range(first, first + self.brief.remaining(first, count))
        ]
