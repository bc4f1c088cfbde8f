"""What the epochs of a fit came to: the last one, the best so far, and whether there is another."""

import math
from collections.abc import Mapping
from typing import Any, Literal

from glia.recipe import TrainRecipe
from glia.training import optimizers
from glia.training.stopping import Rule

# When the recipe leaves it to early stopping: epochs and epochs without improvement, or as many as take these steps,
# since an epoch of a small set is a step or two.
MOST_EPOCHS, MOST_STEPS = 200, 10_000
PATIENCE, PATIENCE_STEPS = 8, 200
MOST_WHOLE_STEPS = 1_000  # of an optimizer that says itself when it has converged


class Epochs:
    """Judges the epochs of a fit, one after the other, by their validation loss or else by their training loss.

    Args:
        settings: the recipe's `[train]`.
        steps_per_epoch: of the fit.

    Attributes:
        most: how many there are at most.
        over: how many are over.
        best: the number of the best one; 0 before the first is over.
        of_best: its metrics, `train/loss` and so on.
        of_last: those of the last one.

    Raises:
        ConfigError: an unknown rule of early stopping.
    """

    def __init__(self, settings: TrainRecipe, steps_per_epoch: int) -> None:
        self.most, self._rule = _limits(settings, steps_per_epoch)
        self._keeps_best = settings.keep == "best"
        self.over = self.best = 0
        self.of_best: Mapping[str, float] = {}
        self.of_last: Mapping[str, float] = {}

    def hear(self, metrics: Mapping[str, float]) -> bool:
        """Whether the epoch that is over is the best so far."""
        self.over += 1
        loss = judged_by(metrics)
        is_best = loss < judged_by(self.of_best)
        if is_best:
            self.best, self.of_best = self.over, metrics
        self.of_last = metrics
        self._rule.hear(loss)
        return is_best

    @property
    def kept(self) -> int:
        """The epoch whose weights are kept, by `train.keep`."""
        return self.best if self._keeps_best else self.over

    @property
    def of_kept(self) -> Mapping[str, float]:
        """Its metrics."""
        return self.of_best if self._keeps_best else self.of_last

    @property
    def end(self) -> Literal["epochs", "early stopping"] | None:
        """Why there is no further one."""
        if self.over >= self.most:
            return "epochs"
        return "early stopping" if self._rule.ends else None

    def state(self) -> dict[str, Any]:
        """For a checkpoint: plain values."""
        return {
            "best": self.best,
            "of_best": dict(self.of_best),
            "of_last": dict(self.of_last),
            "rule": self._rule.state(),
        }

    def restore(self, over: int, state: Mapping[str, Any]) -> None:
        """The inverse of `state`, after as many epochs."""
        self.over, self.best = over, state["best"]
        self.of_best, self.of_last = state["of_best"], state["of_last"]
        self._rule.restore(state["rule"])


def judged_by(metrics: Mapping[str, float]) -> float:
    """The loss that an epoch is judged by; infinite where there was none."""
    return metrics.get("validation/loss", metrics.get("train/loss", math.inf))


def _limits(settings: TrainRecipe, steps_per_epoch: int) -> tuple[int, Rule]:
    """Epochs at most, and the rule that may end training before."""
    if settings.epochs == "auto":
        epochs = max(MOST_EPOCHS, MOST_STEPS // steps_per_epoch)
        patience = max(PATIENCE, PATIENCE_STEPS // steps_per_epoch)
        if optimizers.finds_its_steps(settings):
            epochs, patience = MOST_WHOLE_STEPS, 0 if optimizers.needs_no_validation(settings) else patience
    else:
        epochs, patience = settings.epochs, 0
    return epochs, Rule(patience if settings.early_stopping == "auto" else settings.early_stopping)
