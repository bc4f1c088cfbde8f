"""A loss that is not a number: where it happened and why it probably did."""

import math
from collections.abc import Mapping, Sequence

from glia.errors import TrainingError
from glia.recipe import TrainRecipe
from glia.training.optimizers import learning_rate


class DivergenceError(TrainingError):
    """Training ended over a loss that is not finite.

    Attributes:
        best_epoch: whose weights the model holds; 0 if no epoch was over, and the weights are spoiled.
        metrics: of that epoch.
    """

    def __init__(self, message: str, best_epoch: int, metrics: Mapping[str, float]) -> None:
        kept = f" The weights of epoch {best_epoch}, the best before, are kept." if best_epoch else ""
        super().__init__(message + kept)
        self.best_epoch, self.metrics = best_epoch, metrics


def why(losses: Sequence[float], first_step: int, epoch: int, before: float, settings: TrainRecipe) -> str:
    """Where the loss stopped being finite, and the likely cause.

    Args:
        losses: of consecutive steps; at least one is not finite.
        first_step: the step of `losses[0]`, counted from 1 over the run.
        epoch: the epoch begun, from 1.
        before: the mean loss of the report before, nan if there was none.
        settings: the recipe's `[train]`.
    """
    at = next(index for index, loss in enumerate(losses) if not math.isfinite(loss))
    finite = [loss for loss in (before, *losses[:at]) if math.isfinite(loss)]
    where = f"The loss is {losses[at]} at step {first_step + at} (epoch {epoch})."
    if not finite:
        return (
            f"{where} It was so from the first step: the inputs are too large or not finite, or the initial weights "
            "are. Look at the data's range and the model's initialisation."
        )
    rate = learning_rate(settings)
    smaller = f"train.learning_rate={rate / 10:g}" + ("" if settings.gradient_clip else " or train.gradient_clip=1")
    return (
        f"{where} It was {finite[-1]:.4g} before: most likely the learning rate of {rate:g} is too high for this "
        f"network. Try --set {smaller}."
    )
