"""What depth does: the same network with more and more hidden layers, plain and with residual connections."""

from collections.abc import Callable, Sequence
from typing import Any

from glia.data.dataset import Dataset
from glia.explanation.explanation import Explanation
from glia.learner import Learner, data_of
from glia.pictures import Curve
from glia.recipe import Recipe
from glia.tasks import Task
from glia.training.events import EpochDone, Event

DEPTHS = (1, 2, 3, 5, 8, 12, 18)
EPOCHS = 5
KINDS = {"plain": False, "residual": True}
PREFERRED = ("accuracy", "r2")  # metrics that people read; else the one that training is judged by


def depth_study(
    recipe: Recipe,
    data: Any = None,
    *,
    depths: Sequence[int] = DEPTHS,
    say: Callable[[str], None] = lambda line: None,
) -> Explanation:
    """The validation metric against the number of hidden layers, of plain and of residual perceptrons.

    Every network is trained from the same seed, for the epochs of the recipe (5 where it leaves them open).

    Args:
        recipe: data, training and task; of the model what `residual-mlp` takes.
        data: what `glia.train` takes; None: what the recipe names.
        depths: numbers of hidden layers.
        say: hears a line after each network.

    Raises:
        GliaError: data or recipe cannot be used.
    """
    dataset = data_of(recipe, data)
    name, curves, lines = "", [], []
    for kind, residual in KINDS.items():
        found = []
        for depth in depths:
            settings = {"model.name": "residual-mlp", "model.depth": depth, "model.residual": residual}
            if recipe.train.epochs == "auto":
                settings["train.epochs"] = EPOCHS
            name, value = _judged(recipe.with_settings(settings), dataset)
            found.append(value)
            say(f"{kind}, {depth} hidden {'layer' if depth == 1 else 'layers'}: {name} {value:.4g}")
        curves.append((kind, tuple(map(float, depths)), tuple(found)))
        lines.append((kind, found))
    table = [f"{'hidden layers':<14}" + "".join(f"{depth:>9}" for depth in depths)]
    table += [f"{kind:<14}" + "".join(f"{value:>9.4g}" for value in found) for kind, found in lines]
    curve = Curve(title="Depth", x="hidden layers", y=name, lines=tuple(curves))
    return Explanation(title=f"{name} against depth, {dataset.name}", text="\n".join(table), pictures=(curve,))


def _judged(recipe: Recipe, dataset: Dataset) -> tuple[str, float]:
    """The metric of the epoch that was kept, and its name."""
    epochs: dict[int, dict[str, float]] = {}

    def listen(event: Event) -> None:
        if isinstance(event, EpochDone):
            epochs[event.epoch] = dict(event.metrics)

    learner = Learner(recipe).prepare(dataset).train(listen=listen)
    kept = epochs[learner.fitted.best_epoch]
    name = f"validation/{_metric(learner.task)}"
    return name, kept.get(name, kept["train/loss"])


def _metric(task: Task) -> str:
    return next((name for name in PREFERRED if name in task.directions), task.monitor)
