"""Grid search: every combination once, in a fixed order, the last setting changing fastest."""

from collections.abc import Sequence
from dataclasses import dataclass

from glia.errors import ConfigError
from glia.search.methods.method import Brief
from glia.search.trials import Proposal, Trial, next_number


@dataclass(frozen=True)
class Grid:
    """The Cartesian product; the n-th trial is its n-th point, found without those before it.

    Raises:
        ConfigError: a range is continuous, so that there is no end to its values.
    """

    brief: Brief

    def __post_init__(self) -> None:
        for each in self.brief.space.dimensions:
            if each.values.continuous:
                raise ConfigError(
                    f"{each.key}={each.values} is continuous, and a grid tries every value. Give it points, as in "
                    "1e-4..1e-1:log:4, or a step, as in 0.0..0.5:0.1."
                )

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """The next points."""
        space, first = self.brief.space, next_number(trials)
        end = min(first + self.brief.remaining(first, count), int(space.size))
        return [Proposal(number=number, settings=space.at(number)) for number in range(first, end)]
