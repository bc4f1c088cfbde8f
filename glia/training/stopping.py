"""When to end early: rules over the losses by which epochs are judged.

Source     Prechelt, 1998, *Early stopping - but when?* https://doi.org/10.1007/3-540-49430-8_3; `rising` is its UP.
"""

import math
from collections.abc import Mapping
from typing import Any

from glia.config import check_options, finite_number, name_and_options
from glia.errors import ConfigError

RULES = ("no-improvement", "rising")


class Rule:
    """Ends training after `epochs` epochs in a row that were no better.

    `no-improvement`: than the best before them by at least `least`. `rising`: each was worse than the one before it.

    Args:
        given: epochs, of the first rule (0: never); or a table `{name, epochs, least}`.

    Raises:
        ConfigError: an unknown rule or option, or a number out of its range.

    Example:
        >>> rule = Rule({"name": "rising", "epochs": 2})
        >>> [rule.hear(loss) for loss in (3.0, 1.0, 2.0, 2.5)]
        [False, False, False, True]
    """

    def __init__(self, given: int | str | Mapping[str, Any]) -> None:
        table = {"name": RULES[0], "epochs": given} if isinstance(given, int) else given
        self.name, options = name_and_options("rule of early stopping", table, RULES)
        known = ("epochs", "least") if self.name == "no-improvement" else ("epochs",)
        check_options("rule of early stopping", self.name, options, known)
        epochs = options.get("epochs", 0 if isinstance(given, int) else None)
        if type(epochs) is not int or epochs < 0:
            raise ConfigError(f"train.early_stopping: epochs is a number of epochs such as 5, not {epochs!r}.")
        self.epochs = epochs  # 0: never
        self.least = finite_number("rule of early stopping", self.name, "least", options.get("least", 0.0), 0)
        self._waited = 0  # epochs in a row that were no better
        self._compared = math.inf  # what the next is compared with

    def hear(self, loss: float) -> bool:
        """The loss of the epoch that is over; whether to end."""
        better = loss < self._compared - self.least if self.name == "no-improvement" else loss <= self._compared
        self._waited = 0 if better else self._waited + 1
        if better or self.name == "rising":
            self._compared = loss
        return self.ends

    @property
    def ends(self) -> bool:
        """Whether enough epochs were no better."""
        return bool(self.epochs) and self._waited >= self.epochs

    def state(self) -> dict[str, float | None]:
        """For a checkpoint: plain values."""
        return {"waited": self._waited, "compared": self._compared if math.isfinite(self._compared) else None}

    def restore(self, state: Mapping[str, Any]) -> None:
        """The inverse of `state`."""
        self._waited = int(state["waited"])
        self._compared = math.inf if state["compared"] is None else float(state["compared"])
