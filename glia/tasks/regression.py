"""A number for each sample. The model learns it in standard deviations from the mean; people read it in their units.

Letters    N samples, K outputs of the model: 1, or it is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from glia.config import Plain, to_dict
from glia.errors import ConfigError, DataError
from glia.pictures import Bars, Picture, Points
from glia.recipe import TaskRecipe
from glia.tasks.losses import NUMBER_LOSS_OPTIONS, NUMBER_LOSSES, chosen, weighted_mean
from glia.tasks.task import Direction, Prediction, check_outputs, chosen_metrics
from glia.tasks.values import is_text, numbers, plain

DRAWN_POINTS = 2000
BINS = 30
LEAST_SQUARED, MOST_SQUARED = 1e-150, 1e150  # between which double precision holds squares, and sums of them
ROUNDING = 10 * np.finfo(np.float64).eps  # of the mean: a deviation below may be rounding alone


@dataclass(frozen=True, kw_only=True)
class Regression:
    """From numbers to standardised ones and from outputs back to the user's units.

    Attributes:
        target: the column, for messages and pictures.
        mean: of the values trained on.
        deviation: standard deviation of the values trained on, the unit of outputs and of the loss.
        loss_name: a key of `NUMBER_LOSSES`.
        loss_options: of that loss, such as `delta`.
        shown: the metrics given: the loss and the recipe's selection of `MEASURES`.

    Example:
        >>> task = Regression.fit(TaskRecipe(), np.array([1.0, 3.0]), "price")
        >>> task.encode(np.array([2.0, 3.0]))
        tensor([0., 1.])
        >>> task.decode(torch.tensor([[0.5]])).values.tolist()
        [2.5]
    """

    name: ClassVar[str] = "regression"
    monitor: ClassVar[str] = "loss"
    outputs: ClassVar[int] = 1

    target: str
    mean: float
    deviation: float
    loss_name: str = "mse"
    loss_options: dict[str, float] = field(default_factory=dict)
    shown: tuple[str, ...] = ("loss",)

    @classmethod
    def fit(
        cls, recipe: TaskRecipe, values: NDArray[Any], target: str, weights: NDArray[Any] | None = None
    ) -> "Regression":
        """From the values to train on, of which there are at least two different ones, and what each sample counts.

        Raises:
            DataError: text, values that are not finite, or so large or small that they have no deviation.
            ConfigError: a loss or metric that regression does not have, or class weights.
        """
        if recipe.class_weight != "none":
            raise ConfigError(f"task.class_weight is for classification, but '{target}' is learned by regression.")
        if recipe.accept < 1:
            raise ConfigError(f"task.accept is for classification, but '{target}' is learned by regression.")
        learned = numbers(values, target)
        with np.errstate(over="ignore", under="ignore"):
            mean = float(np.average(learned, weights=weights))
            deviation = sqrt(np.average((learned - mean) ** 2, weights=weights))
        if not ROUNDING * abs(mean) < deviation < float("inf"):
            raise DataError(_without_deviation(target, float(learned.min()), float(learned.max())))
        loss_name, loss_options = chosen(f"{cls.name} loss", recipe.loss, NUMBER_LOSS_OPTIONS)
        return cls(
            target=target,
            mean=mean,
            deviation=deviation,
            loss_name=loss_name,
            loss_options=dict(loss_options),
            shown=chosen_metrics(cls.name, recipe.metrics, DIRECTIONS),
        )

    @property
    def directions(self) -> Mapping[str, Direction]:
        """Which way each metric shown is better."""
        return {name: DIRECTIONS[name] for name in self.shown}

    def known(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """(N,) whether each value is a finite number."""
        array = plain(values, self.target)
        return np.zeros(len(array), dtype=bool) if is_text(array) else np.isfinite(array)

    def encode(self, values: NDArray[Any]) -> Float[Tensor, "N"]:
        """Values in standard deviations from the mean.

        Raises:
            DataError: text, or values that are not finite.
        """
        standardised = (numbers(values, self.target) - self.mean) / self.deviation
        return torch.from_numpy(standardised.astype(np.float32))

    def loss(
        self, outputs: Float[Tensor, "N K"], targets: Float[Tensor, "N"], weights: Float[Tensor, "N"] | None = None
    ) -> Float[Tensor, ""]:
        """The mean loss, in standard deviations of the target (squared, for mse); with weights the weighted mean."""
        check_outputs(self, outputs, targets)
        of, numbers = NUMBER_LOSSES[self.loss_name], outputs.squeeze(1)
        if weights is None:
            return of(numbers, targets, self.loss_options, "mean")
        return weighted_mean(of(numbers, targets, self.loss_options, "none"), weights)

    def residuals(self, outputs: Float[Tensor, "N 1"], targets: Float[Tensor, "N"]) -> Float[Tensor, "N"]:
        """What is squared in the loss: for optimizers that ask for more than a gradient.

        Raises:
            ConfigError: the loss is no mean of squares.
        """
        if self.loss_name != "mse":
            raise ConfigError(
                f"Levenberg-Marquardt minimises squared errors, and task.loss is '{self.loss_name}'. Use "
                "task.loss='mse', or another train.optimizer."
            )
        check_outputs(self, outputs, targets)
        return outputs.squeeze(1) - targets

    def importance(self, targets: Tensor) -> None:
        """All errors cost the same."""

    def metrics(self, outputs: Float[Tensor, "N 1"], targets: Float[Tensor, "N"]) -> dict[str, float]:
        """The metrics shown, over all samples given: the loss without a unit, the others in the target's."""
        outputs, targets = outputs.detach().cpu().double(), targets.cpu().double()
        loss = {"loss": self.loss(outputs, targets).item()}
        predicted, true = self._in_units(outputs.squeeze(1)), self._in_units(targets)
        return loss | {name: MEASURES[name](predicted, true) for name in self.shown if name != "loss"}

    def decode(self, outputs: Float[Tensor, "N 1"]) -> Prediction:
        """The numbers predicted, in the user's units."""
        return Prediction(self._in_units(outputs.detach().cpu().double().squeeze(1)))

    def pictures(self, outputs: Float[Tensor, "N 1"], targets: Float[Tensor, "N"]) -> dict[str, Picture]:
        """Predicted against true, and how the errors are distributed. What is not finite is not drawn."""
        predicted, true = self.decode(outputs).values, self._in_units(targets.cpu().double())
        finite = np.isfinite(predicted)
        predicted, true = predicted[finite], true[finite]
        drawn = np.linspace(0, len(true) - 1, min(len(true), DRAWN_POINTS)).round().astype(int)
        points = Points(
            title="Predicted against true",
            x=f"true {self.target}",
            y=f"predicted {self.target}",
            groups=(("samples", tuple(true[drawn].tolist()), tuple(predicted[drawn].tolist())),),
            diagonal=True,
        )
        counts, edges = np.histogram(predicted - true, bins=BINS)
        middles = (edges[1:] + edges[:-1]) / 2
        residuals = Bars(
            title="Residuals",
            x=f"predicted - true {self.target}",
            y="samples",
            labels=tuple(f"{middle:.3g}" for middle in middles),
            values=tuple(map(float, counts.tolist())),
        )
        return {"predicted-against-true": points, "residuals": residuals}

    def to_dict(self) -> Plain:
        """Plain values, the inverse of `task_from_dict`."""
        return {"name": self.name, **to_dict(self)}

    def _in_units(self, standardised: Tensor) -> NDArray[np.float64]:
        units: NDArray[np.float64] = standardised.numpy() * self.deviation + self.mean
        return units


def _without_deviation(target: str, low: float, high: float) -> str:
    """Why there is no standard deviation, and what to do."""
    largest = max(abs(low), abs(high))
    if LEAST_SQUARED < largest < MOST_SQUARED:
        return (
            f"Column '{target}' runs from {low!r} to {high!r}, so closely that the differences may be rounding alone. "
            f"Subtract {low!r} before the values are written."
        )
    unit = f"1e{np.floor(np.log10(largest)):+04.0f}"
    return (
        f"Column '{target}' runs from {low:g} to {high:g}: double precision cannot hold the squares of such numbers, "
        f"which forests and networks alike make least, and RMSE is made of. Divide the column by {unit}."
    )


def rmse(predicted: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """The root of the mean squared error, in the target's unit."""
    return sqrt(np.mean((predicted - true) ** 2))


def mae(predicted: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """The mean absolute error, in the target's unit."""
    return float(np.mean(np.abs(predicted - true)))


def r2(predicted: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """The share of the variance explained: 1 is perfect, 0 is no better than the mean, and there is no lowest value.

    Where the true values are all equal there is no variance to explain: 1 if every one is met, else 0. Of one value it
    is NaN: there is no R² of it.
    """
    if len(true) < 2:
        return float("nan")
    error, variance = float(np.sum((predicted - true) ** 2)), float(np.sum((true - true.mean()) ** 2))
    if variance == 0:
        return float(error == 0)
    return 1 - error / variance


MEASURES: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64]], float]] = {"rmse": rmse, "mae": mae, "r2": r2}
DIRECTIONS: dict[str, Direction] = {"loss": "lower", "rmse": "lower", "mae": "lower", "r2": "higher"}
