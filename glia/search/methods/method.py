"""What a way of searching is: from the trials there are, those that come next.

A method keeps nothing. What it proposes is a function of the study's seed, the space and the trials, so that a study
that died goes on as if it had not, and two processes may work on one, taking turns at proposing.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from glia.config import Plain
from glia.errors import ConfigError, did_you_mean
from glia.search.space import Space
from glia.search.trials import Direction, Proposal, Trial

METHODS: dict[str, str] = {
    "random": "glia.search.methods.random:Random",
    "grid": "glia.search.methods.grid:Grid",
    "bayes": "glia.search.methods.bayesian:Bayesian",
    "tpe": "glia.search.methods.bayesian:tpe",
    "gp": "glia.search.methods.bayesian:gp",
    "halving": "glia.search.methods.halving:Halving",
    "asha": "glia.search.methods.halving:Asha",
    "pbt": "glia.search.methods.population:Population",
    "manual": "glia.search.methods.manual:Manual",
}
"""Name → what makes the method from a `Brief`."""


class Method(Protocol):
    """A way of searching."""

    def propose(self, trials: Sequence[Trial], count: int) -> list[Proposal]:
        """What to train next.

        Whoever asks begins what is proposed, and records it, before it or anybody else asks again; what a process that
        died has left is trained again (`Trial.again`) before new trials are asked for.

        Args:
            trials: all there are, in the order of their numbers.
            count: the most that can be begun now.

        Returns:
            At most `count`. None while trials are pending: wait for one of them and ask again. None while none is: the
            search is over.
        """


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What a method is told of the study.

    Args:
        space: what is varied.
        seed: of the study.
        trials: how many there are to be; None: until whoever asks stops. Populations: how many live at a time.
        direction: which way the metric is better.
        epochs: the most that a trial is trained; for methods that train in parts.
        rows: of a table, for `manual`.
    """

    space: Space
    seed: int = 0
    trials: int | None = None
    direction: Direction = "higher"
    epochs: int | None = None
    rows: tuple[Plain, ...] = ()

    def __post_init__(self) -> None:
        for name, number in (("trials", self.trials), ("epochs", self.epochs)):
            if number is not None and number < 1:
                raise ConfigError(f"A search has at least 1 of its {name}, not {number}.")

    def remaining(self, number: int, count: int) -> int:
        """How many new trials may be begun, if `number` is the next and `count` were asked for."""
        return count if self.trials is None else max(0, min(count, self.trials - number))

    def most_epochs(self, method: str) -> int:
        """The epochs of a trial, for a method that decides how many of them each gets.

        Raises:
            ConfigError: not known, or varied.
        """
        if "train.epochs" in self.space:
            raise ConfigError(f"'{method}' decides how long each trial is trained, so 'train.epochs' cannot be varied.")
        if self.epochs is None:
            raise ConfigError(
                f"'{method}' trains the best trials longest and must know how long that is: --set train.epochs=27."
            )
        return self.epochs


def method_named(name: str, brief: Brief) -> Method:
    """The way of searching with this name.

    Raises:
        ConfigError: there is none, or it cannot search this space.

    Example:
        >>> from glia.search.reading import parse
        >>> grid = method_named("grid", Brief(space=parse(["model.activation=relu,tanh"])))
        >>> [each.settings for each in grid.propose([], 8)]
        [{'model.activation': 'relu'}, {'model.activation': 'tanh'}]
    """
    if name not in METHODS:
        raise ConfigError(f"Unknown method '{name}'.{did_you_mean(name, METHODS)}")
    module, _, maker = METHODS[name].partition(":")
    make: Callable[[Brief], Method] = getattr(importlib.import_module(module), maker)
    return make(brief)
