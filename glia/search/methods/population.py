"""Population-based training: settings that change while networks are trained.

Paper      Jaderberg et al., 2017, *Population based training of neural networks*. https://arxiv.org/abs/1711.09846
Exploit    truncation: the worst fifth of the population take over the weights of members of the best fifth.
Explore    numbers times 0.8 or 1.2, choices replaced by a neighbour.
We differ  a member that takes over another's weights is a new trial that names its parent; so the settings of a trial
           never change, and the lineage can be read. Settings of the model and of the data are inherited as they are,
           for the weights fit no other network.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from glia.config import Plain
from glia.errors import ConfigError
from glia.search.dimensions import Range, Values
from glia.search.draws import generator, random_point, random_settings
from glia.search.methods.method import Brief
from glia.search.trials import Proposal, Trial

MEMBERS = 20  # where it is not said how many
GENERATIONS = 10
SHARE = 0.2  # of the population, that is replaced
FACTORS = (0.8, 1.2)
INHERITED = ("model.", "data.")


@dataclass(frozen=True)
class Population:
    """Synchronous: all members end a generation before the next begins.

    Args:
        brief: with `epochs`, those of the last generation; `trials` is the size of the population.
        generations: how many parts the epochs are divided into, if there are as many.

    Raises:
        ConfigError: it is not known how long to train, there are fewer than 2 members, or no setting of training
            is varied.
    """

    brief: Brief
    generations: int = GENERATIONS
    rungs: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        most = self.brief.most_epochs("pbt")
        parts = min(self.generations, most)
        object.__setattr__(self, "rungs", tuple(most * (part + 1) // parts for part in range(parts)))
        if self.brief.trials == 1:
            raise ConfigError("'pbt' trains a population, so it needs 2 trials or more, not 1.")
        if all(key.startswith(INHERITED) for key in self.brief.space.keys):
            raise ConfigError(
                "'pbt' changes settings while networks are trained, and those of the model cannot change then. Vary a "
                "setting of training, such as train.learning_rate, or use another method."
            )

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """What the present generation still lacks."""
        known = {each.number: each for each in trials}
        size = self.brief.trials or MEMBERS
        members, born = [Proposal(number=number, settings={}) for number in range(size)], size
        for epochs in self.rungs:
            missing = [
                each for each in members if each.number not in known or (known[each.number].epochs or 0) < epochs
            ]
            if missing:
                return [self._proposal(each, known, epochs) for each in missing[:count]]
            living = [known[each.number] for each in members]
            if any(each.at(epochs) is None and not each.is_out(epochs) for each in living):
                return []  # somebody is still on the way
            members = self._next(living, epochs, born)
            born += sum(each.parent is not None for each in members)
        return []

    def _next(self, living: Sequence[Trial], epochs: int, born: int) -> list[Proposal]:
        """The next generation: who goes on, and new ones with the weights of the best in place of the worst."""
        sign = -1 if self.brief.direction == "higher" else 1
        well = [each for each in living if each.at(epochs) is not None]
        well.sort(key=lambda each: (sign * (each.at(epochs) or 0.0), each.number))
        if not well:
            return []
        few = max(1, int(SHARE * len(living)))
        # Who failed is replaced in any case, and the best never are.
        bad = max(few, len(living) - len(well)) if len(well) > 1 else len(living) - len(well)
        stay = sorted(well[: len(living) - bad], key=lambda each: each.number)
        best = well[: min(few, len(stay))]
        children = []
        for number in range(born, born + bad):
            parent = best[int(generator(self.brief.seed, "exploit", number).integers(len(best)))]
            children.append(Proposal(number=number, settings={}, parent=parent.number))
        # Children first: they begin with the weights that their parents have now, before these go on.
        return [*children, *(Proposal(number=each.number, settings={}) for each in stay)]

    def _proposal(self, member: Proposal, known: dict[int, Trial], epochs: int) -> Proposal:
        number, seed, space = member.number, self.brief.seed, self.brief.space
        if number in known:
            settings, parent = dict(known[number].settings), known[number].parent
        elif member.parent is not None:
            settings, parent = self._explored(known[member.parent], number), member.parent
        else:
            settings, parent = random_settings(space, seed, number), None
        return Proposal(number=number, settings=settings, epochs=epochs, parent=parent)

    def _explored(self, parent: Trial, number: int) -> Plain:
        """The parent's settings, moved; what becomes active by that is drawn."""
        space, seed = self.brief.space, self.brief.seed
        chance = generator(seed, "explore", number)
        point = random_point(space, seed, number) | dict(parent.settings)
        for each in space.dimensions:
            if each.key in parent.settings and not each.key.startswith(INHERITED):
                point[each.key] = _moved(each.values, parent.settings[each.key], chance)
        return space.settings(point)


def _moved(values: Values, value: Any, chance: np.random.Generator) -> Any:
    """A value near another: a number times 0.8 or 1.2, one place up or down where there are single values."""
    uniform, up = float(chance.random()), bool(chance.integers(2))
    if not isinstance(values, Range) or values.listed:
        place = values.index(value) + (1 if up else -1)
        return values.at(min(max(place, 0), int(values.size) - 1))
    if not value:
        return values.draw(uniform)  # no factor leads away from 0
    moved = value * FACTORS[up]
    if values.whole:
        moved = round(moved) if round(moved) != value else value + (1 if up else -1)
    return min(max(moved, values.low), values.high)
