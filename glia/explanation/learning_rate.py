"""Which learning rate suits a network and its data: the learning-rate range test."""

from math import log10
from typing import Any

from glia.errors import DataError
from glia.explanation.explanation import Explanation
from glia.learner import Learner, data_of
from glia.pictures import Curve
from glia.recipe import Recipe
from glia.training.rate_finder import try_rates

FEWEST = 10  # steps, below which the curve says nothing


def learning_rates(recipe: Recipe, data: Any = None) -> Explanation:
    """The loss over rising learning rates, and the rate to train with.

    Args:
        recipe: what would be trained; its own learning rate is left out.
        data: what `glia.train` takes; None: what the recipe names.

    Raises:
        GliaError: data or recipe cannot be used, or the loss is not finite from the beginning.
    """
    learner = Learner(recipe).prepare(data_of(recipe, data))
    trial = try_rates(learner.model, learner.task, learner.train_batches(), learner.recipe.train)
    if len(trial.rates) < FEWEST:
        raise DataError(
            f"The loss exploded after {len(trial.rates)} steps at the lowest learning rates: the inputs or the first "
            "weights are too large. Look at the data's range and at model.initialisation."
        )
    curve = Curve(
        title="Loss over the learning rate",
        x="learning rate, as a power of ten",
        y="training loss, smoothed",
        lines=(("loss", tuple(map(log10, trial.rates)), trial.losses),),
    )
    text = (
        f"falls fastest at   {trial.steepest:.2g}\n"
        f"stable up to about {trial.highest:.2g}\n"
        f"Train with: --set train.learning_rate={min(trial.steepest, trial.highest):.1g}"
    )
    return Explanation(title=f"Learning rate of {learner.recipe.model.name}", text=text, pictures=(curve,))
