"""A loss that is not a number: where it happened and why it probably did."""

import math
from collections.abc import Sequence
from typing import NoReturn

from glia.errors import TrainingError
from glia.recipe import TrainRecipe


def refuse(losses: Sequence[float], first_step: int, epoch: int, before: float, settings: TrainRecipe) -> NoReturn:
    """End training over losses of which at least one is not finite.

    Args:
        losses: of consecutive steps.
        first_step: the step of `losses[0]`, counted from 1 over the run.
        epoch: the epoch begun, from 1.
        before: the mean loss of the report before, nan if there was none.
        settings: the recipe's `[train]`.

    Raises:
        TrainingError: always.
    """
    at = next(index for index, loss in enumerate(losses) if not math.isfinite(loss))
    finite = [loss for loss in (before, *losses[:at]) if math.isfinite(loss)]
    if not finite:
        cause = (
            "It was so from the first step: the inputs are too large or not finite, or the initial weights are. "
            "Look at the data's range and the model's initialisation."
        )
    else:
        rate = settings.learning_rate
        smaller = f"train.learning_rate={rate / 10:g}" + ("" if settings.gradient_clip else " or train.gradient_clip=1")
        cause = (
            f"It was {finite[-1]:.4g} at the last step before: most likely the learning rate of {rate:g} is too high "
            f"for this network. Try --set {smaller}."
        )
    raise TrainingError(f"The loss is {losses[at]} at step {first_step + at} (epoch {epoch}). {cause}")
